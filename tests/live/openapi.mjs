// The outside interface as it is written down, to hold answers against: each answer that the kit gets goes through
// check(). Knows as much of JSON Schema as www/openapi.yaml uses, and says so where that is not enough.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

export const document = JSON.parse(readFileSync(`${process.env.POSTERN_SHARE ?? 'build/share'}/openapi.json`, 'utf8'))

const resolve = (it) => (it?.$ref ? resolve(it.$ref.slice(2).split('/').reduce((at, name) => at[name], document)) : it)

const KNOWN = new Set(['$ref', 'type', 'properties', 'required', 'items', 'enum', 'const', 'pattern', 'minLength', 'maxLength', 'minimum', 'maximum',
  'maxItems', 'allOf', 'anyOf', 'format', 'description', 'examples'])
const points = (text) => [...text].length
const is = {
  object: (v) => v !== null && typeof v === 'object' && !Array.isArray(v),
  array: Array.isArray,
  string: (v) => typeof v === 'string',
  integer: Number.isInteger,
  number: (v) => typeof v === 'number',
  boolean: (v) => typeof v === 'boolean',
  null: (v) => v === null,
}
const formats = { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/ }

// Faults of a value, as "where: what".
export function faults(schema, value, at = '$') {
  const s = resolve(schema), out = []
  const bad = (what) => out.push(`${at}: ${what}, not ${JSON.stringify(value)?.slice(0, 80)}`)
  for (const word of Object.keys(s)) if (!KNOWN.has(word)) bad(`the checker does not know ${word}`)
  if (s.type && ![s.type].flat().some((type) => is[type](value))) return [...out, `${at}: must be ${s.type}, not ${JSON.stringify(value)?.slice(0, 80)}`]
  if (s.enum && !s.enum.includes(value)) bad(`one of ${s.enum}`)
  if ('const' in s && s.const !== value) bad(`must be ${s.const}`)
  if (is.string(value)) {
    if (s.pattern && !new RegExp(s.pattern, 'u').test(value)) bad(`must match ${s.pattern}`)
    if (s.format && !formats[s.format].test(value)) bad(`must be a ${s.format}`)
    if (points(value) < (s.minLength ?? 0) || points(value) > (s.maxLength ?? Infinity)) bad('length')
  }
  if (is.number(value) && (value < (s.minimum ?? -Infinity) || value > (s.maximum ?? Infinity))) bad('range')
  if (is.object(value)) {
    for (const name of s.required ?? []) if (!(name in value)) bad(`${name} is missing`)
    for (const [name, sub] of Object.entries(s.properties ?? {})) if (name in value) out.push(...faults(sub, value[name], `${at}.${name}`))
  }
  if (is.array(value)) {
    if (value.length > (s.maxItems ?? Infinity)) bad('too many')
    if (s.items) value.forEach((v, i) => out.push(...faults(s.items, v, `${at}[${i}]`)))
  }
  for (const sub of s.allOf ?? []) out.push(...faults(sub, value, at))
  if (s.anyOf && s.anyOf.every((sub) => faults(sub, value, at).length > 0)) bad('none of anyOf')
  return out
}

const templates = Object.keys(document.paths).map((path) => [path, new RegExp(`^${path.replace(/\{[^}]*\}/g, '([^/]+)')}$`)])
  .sort(([a], [b]) => (a.match(/\{/g) ?? []).length - (b.match(/\{/g) ?? []).length)

// The operation of a path, as [template, operation]; undefined where none is written down.
export function find(method, path) {
  const bare = path.split('?')[0]
  const [template] = templates.find(([, pattern]) => pattern.test(bare)) ?? []
  const operation = document.paths[template]?.[method.toLowerCase()]
  return operation && [template, operation]
}

export const seen = new Set() // "METHOD /template status"

// Fails where an answer is not as it is written down.
export function check(method, path, answer) {
  const [template, operation] = find(method, path) ?? []
  if (!operation) return
  const where = `${method} ${template} ${answer.status}`
  const response = resolve(operation.responses[answer.status])
  assert.ok(response, `${where} is not in openapi.yaml: ${answer.text.slice(0, 200)}`)
  seen.add(where)
  const type = (answer.headers['content-type'] ?? '').split(';')[0]
  if (!response.content || answer.text === '') return
  const media = response.content[type]
  assert.ok(media, `${where}: ${type} is not in openapi.yaml`)
  if (/json/.test(type)) assert.deepEqual(faults(media.schema, answer.json), [], where)
  if (/problem/.test(type)) assert.equal(answer.json.status, answer.status, where)
  for (const name of Object.keys(response.headers ?? {})) {
    const value = answer.headers[name.toLowerCase()]
    if (name === 'Retry-After') assert.match(value ?? '', /^[1-9]\d*$/, `${where}: ${name}`)
    if (name === 'Location') assert.ok(value, `${where}: ${name}`)
  }
}
