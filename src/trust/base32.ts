/**
 * Bytes as lower-case base32 (RFC 4648, no padding): it survives being read aloud, and a double
 * click selects it whole.
 */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** Five bits a character, the last one filled up with zeros. */
export function toBase32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET.charAt((value >>> (bits - 5)) & 31)
    value &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + ALPHABET.charAt((value << (5 - bits)) & 31)
}

/** The bytes, or undefined for text that `toBase32` does not make; capitals are taken as small. */
export function fromBase32(text: string): Uint8Array | undefined {
  const bytes: number[] = []
  let bits = 0
  let value = 0
  for (const character of text.toLowerCase()) {
    const digit = ALPHABET.indexOf(character)
    if (digit < 0) return undefined
    value = (value << 5) | digit
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push(value >>> bits)
    value &= (1 << bits) - 1
  }
  // Left over bits are filling: more of them or ones among them mean another text was meant.
  return bits < 5 && value === 0 ? new Uint8Array(bytes) : undefined
}
