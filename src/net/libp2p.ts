/**
 * The libp2p node: TCP, Noise that admits only those who know the network's secret, Yamux.
 *
 * Every setting that differs from libp2p's default has its reason; the figures were measured with
 * js-libp2p 3.3 on Linux.
 */
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Libp2p, MessageStream, PrivateKey } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import type { DialRule } from './dial-rule.ts'
import { gatherWindowUpdates, saveErrors, writeWhole } from './gathered-writes.ts'
import { noiseCrypto } from './noise-crypto.ts'

export interface Libp2pInit {
  readonly privateKey: PrivateKey
  /** Mixed into every handshake: whoever has another one fails there. */
  readonly prologue: Uint8Array
  /** Multiaddrs to listen on. */
  readonly listen: readonly string[]
  /** Somebody who dialed failed in the handshake. */
  readonly onStranger?: () => void
  /** Which addresses may be dialed. Undefined: any. */
  readonly mayDial?: DialRule | undefined
}

type NoiseFactory = ReturnType<typeof noise>
type TransportFactory = ReturnType<typeof tcp>

/** The key of an identity: 32 bytes of seed. */
export async function privateKeyOf(seed: Uint8Array): Promise<PrivateKey> {
  return await generateKeyPairFromSeed('Ed25519', seed)
}

/** Makes a node and does not start it. */
export async function createNetworkNode(init: Libp2pInit): Promise<Libp2p> {
  return await createLibp2p({
    start: false,
    privateKey: init.privateKey,
    addresses: { listen: [...init.listen] },
    transports: [quiet(tcp({ backlog: 2048 }))],
    connectionEncrypters: [
      watched(noise({ prologueBytes: init.prologue, crypto: noiseCrypto }), () =>
        init.onStranger?.()
      )
    ],
    streamMuxers: [
      // The default window (16 MiB) is larger than the read buffer (4 MiB): a paused stream would
      // be aborted. 1 MiB also keeps the other streams quick, and costs a LAN nothing.
      yamux({ streamOptions: { maxStreamWindowSize: 1024 * 1024 } })
    ],
    connectionGater: {
      denyDialMultiaddr: (address) => init.mayDial?.(address.toString()) === false
    },
    connectionManager: {
      maxConnections: 2000,
      // The defaults (5 a second from one address, 10 pending) refuse a fleet that boots together,
      // and let ten silent sockets lock everybody out. One address alone can keep 5,000 pending.
      inboundConnectionThreshold: 1000,
      maxIncomingPendingConnections: 6000,
      inboundUpgradeTimeout: 5000,
      addressDialTimeout: 2000,
      dialTimeout: 8000,
      // Who to dial again, and when, is decided by the members machine.
      reconnectRetries: 0
    },
    // A peer that vanished is noticed after 5 to 20 s; its leases end sooner. A stall of less than
    // 5 s ends nothing. More often costs a master with many workers (docs/ARCHITECTURE.md).
    connectionMonitor: {
      pingInterval: 15_000,
      pingTimeout: { minTimeout: 5000, maxTimeout: 5000 }
    }
  })
}

/**
 * The transport, whose listeners tell libp2p neither of their beginning nor of their end. All it makes
 * of that are the addresses for its own kind of introduction, which is not used here; but it does so a
 * second later, and keeps a program that is over for as long.
 */
function quiet(make: TransportFactory): TransportFactory {
  return (components) => {
    const transport = make(components)
    const createListener = transport.createListener.bind(transport)
    transport.createListener = (options) => {
      const listener = createListener(options)
      const silence = (event: Event): void => event.stopImmediatePropagation()
      listener.addEventListener('listening', silence)
      listener.addEventListener('close', silence)
      return listener
    }
    return transport
  }
}

/** The encrypter, whose connections write less often, and whose failures are told. */
function watched(make: NoiseFactory, onFailed: () => void): NoiseFactory {
  return (components) => {
    const encrypter = make(components)
    const secureInbound = encrypter.secureInbound.bind(encrypter)
    const secureOutbound = encrypter.secureOutbound.bind(encrypter)
    encrypter.secureInbound = async (connection, options) => {
      try {
        return gathered(connection, await secureInbound(connection, options))
      } catch (error) {
        // libp2p tells nobody of a handshake that fails on the side that was dialed.
        onFailed()
        throw error
      }
    }
    encrypter.secureOutbound = async (connection, options) =>
      gathered(connection, await secureOutbound(connection, options))
    return encrypter
  }
}

function gathered<Secured extends { connection: MessageStream }>(
  plain: MessageStream,
  secured: Secured
): Secured {
  writeWhole(plain)
  gatherWindowUpdates(secured.connection)
  saveErrors(secured.connection)
  return secured
}
