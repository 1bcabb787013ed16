/**
 * Arbitrary values: primitives of every kind, and graphs of objects that refer to one another in
 * any way, in cycles too.
 */
import fc from 'fast-check'

/** Text of any code units, halves of pairs included, of lengths around every boundary. */
const aText = fc.oneof(
  fc.nat(2_000).map(String),
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ minLength: 25, maxLength: 150 }),
  fc.array(fc.nat(0xffff), { maxLength: 40 }).map((units) => String.fromCharCode(...units))
)

export const aPrimitive = fc.oneof(
  fc.constantFrom(undefined, null, true, false, -0, NaN),
  fc.integer(),
  fc.integer({ min: -200, max: 200 }),
  fc.double(),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
  aText
)

const aLeaf = fc.oneof(
  { weight: 4, arbitrary: aPrimitive },
  fc.date({ noInvalidDate: false }),
  aPrimitive.filter((value) => value != null).map((value): unknown => Object(value)),
  fc.uint8Array().map((bytes) => bytes.buffer),
  fc.uint8Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.constantFrom(/a/g, /[^b]/u),
  fc.array(fc.double(), { minLength: 4 })
)

/** A reference to one of the nodes. */
type Child = { readonly leaf: unknown } | { readonly node: number }

interface NodePlan {
  readonly kind: 'list' | 'sparse' | 'named' | 'object' | 'map' | 'set'
  readonly children: readonly Child[]
}

const aChild: fc.Arbitrary<Child> = fc.oneof(
  fc.record({ leaf: aLeaf }),
  fc.record({ node: fc.nat(19) })
)

const aNodePlan: fc.Arbitrary<NodePlan> = fc.record({
  kind: fc.constantFrom('list', 'sparse', 'named', 'object', 'map', 'set'),
  children: fc.array(aChild, { maxLength: 6 })
})

/** The first of up to 20 objects that refer to one another. */
export const aGraph: fc.Arbitrary<unknown> = fc
  .tuple(fc.array(aNodePlan, { minLength: 1, maxLength: 20 }), fc.array(aText, { minLength: 6 }))
  .map(([plans, keys]) => {
    const nodes = plans.map(({ kind }) => emptyNode(kind))
    plans.forEach(({ children }, index) => {
      const values = children.map((child) =>
        'leaf' in child ? child.leaf : nodes[child.node % nodes.length]
      )
      fill(nodes[index] as object, plans[index]!.kind, values, keys)
    })
    return nodes[0]
  })

function emptyNode(kind: NodePlan['kind']): object {
  if (kind === 'map') return new Map()
  if (kind === 'set') return new Set()
  return kind === 'object' ? {} : []
}

function fill(
  node: object,
  kind: NodePlan['kind'],
  values: readonly unknown[],
  keys: readonly string[]
): void {
  values.forEach((value, index) => {
    if (node instanceof Map) node.set(index % 2 === 0 ? value : keys[index], value)
    else if (node instanceof Set) node.add(value)
    else if (kind === 'list') Reflect.set(node, index, value)
    else if (kind === 'sparse') Reflect.set(node, index * 3, value)
    else if (kind === 'named') Reflect.set(node, index % 2 === 0 ? index : `n${index}`, value)
    else Object.defineProperty(node, keys[index] ?? '', { value, ...LISTED })
  })
}

const LISTED = { enumerable: true, writable: true, configurable: true }
