import { defineCommand } from 'citty'
import type { Db } from '../../db/client.ts'
import {
  type AuditFault,
  type ChainHead,
  compareHead,
  readHead,
  verifyChain,
} from '../../domain/audit/verify.ts'
import { findTenantByName, listTenants } from '../../domain/identity/tenants.ts'
import { toHex } from '../../functions/_shared/access/keys.ts'
import { printJson, withJobs } from './jobs-context.ts'
import { printable } from './logs-follow.ts'

// Of a chain that somebody rewrote as a whole each row is a fault; programs get the first ones and their number.
const faultsInJsonMax = 1_000

export const verify = defineCommand({
  meta: {
    name: 'verify',
    description: 'Check that no audit row was altered, and name those that were; ends with 1 then',
  },
  args: {
    tenant: { type: 'string', description: 'Only the chain of this tenant, by its name' },
    all: { type: 'boolean', description: 'Those of all tenants (the default)' },
    expect: {
      type: 'string',
      valueHint: '<seq>:<hash>',
      description: 'A head that was noted before: is that row still there?',
    },
    json: { type: 'boolean', description: 'For programs' },
  },
  run: ({ args }) =>
    withJobs({ json: args.json }, async ({ db, isJson }) => {
      const { tenant: name, all, expect } = args
      if (all === true && name !== undefined) throw new Error('Say --tenant or --all, not both.')
      if (expect !== undefined && name === undefined)
        throw new Error('--expect goes with --tenant: each tenant has a chain of its own.')
      const noted = expect === undefined ? null : headOf(expect)
      const reports: Report[] = []
      for (const tenant of await chosenTenants(db, name)) {
        const report = await check(db, { tenant, noted, onFault: isJson ? null : printFault })
        if (isJson) reports.push(report)
        else printReport(report)
        if (!report.is_intact) process.exitCode = 1
      }
      if (isJson) printJson({ items: reports })
    }),
})

type Tenant = { id: string; name: string }

async function chosenTenants(db: Db, name: string | undefined): Promise<Tenant[]> {
  if (name === undefined) return listTenants(db)
  const tenant = await findTenantByName(db, name)
  if (tenant === null) throw new Error(`There is no tenant ${printable(name)}.`)
  return [tenant]
}

function headOf(text: string): ChainHead {
  const [, seq, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? []
  if (seq === undefined || hash === undefined)
    throw new Error('--expect takes what this command prints as head: <seq>:<hash>.')
  return { seq: Number(seq), hash: Buffer.from(hash, 'hex') }
}

type Check = {
  tenant: Tenant
  noted: ChainHead | null
  onFault: ((tenant: Tenant, fault: AuditFault) => void) | null
}

type Report = {
  tenant_id: string
  tenant: string
  is_intact: boolean
  rows: number
  rows_per_second: number
  fault_count: number
  faults: Record<string, unknown>[]
  expected: 'same' | 'missing' | 'other' | null
  head: { seq: number; hash: string } | null
}

async function check(db: Db, { tenant, noted, onFault }: Check): Promise<Report> {
  const startedAtMs = performance.now()
  const faults: Report['faults'] = []
  let [rows, faultCount] = [0, 0]
  for await (const part of verifyChain(db, tenant.id)) {
    rows += part.rows
    faultCount += part.faults.length
    for (const fault of part.faults) {
      onFault?.(tenant, fault)
      if (faults.length < faultsInJsonMax) faults.push(faultJson(fault))
    }
  }
  const seconds = (performance.now() - startedAtMs) / 1_000
  const head = await readHead(db, tenant.id)
  const expected = noted && (await compareHead(db, tenant.id, noted))
  return {
    tenant_id: tenant.id,
    tenant: tenant.name,
    is_intact: faultCount === 0 && (expected ?? 'same') === 'same',
    rows,
    rows_per_second: Math.round(rows / seconds),
    fault_count: faultCount,
    faults,
    expected,
    head: head && { seq: head.seq, hash: toHex(head.hash) },
  }
}

const meanings = {
  altered: 'is not what was written',
  rewritten: 'is not the row that the next one was written after',
} as const

type Gap = Extract<AuditFault, { reason: 'missing' }>

const gapWords = ({ seq, untilSeq }: Gap): string =>
  untilSeq > seq ? ` to ${untilSeq} are missing` : ' is missing'

const rowWords = ({ reason, id, action, at }: Exclude<AuditFault, Gap>): string =>
  ` ${meanings[reason]}: ${id} ${printable(action)} of ${at}`

function faultJson(fault: AuditFault): Record<string, unknown> {
  if (fault.reason !== 'missing') return fault
  return { reason: fault.reason, seq: fault.seq, until_seq: fault.untilSeq }
}

function printFault(tenant: Tenant, fault: AuditFault): void {
  const place = `${printable(tenant.name)}: row ${fault.seq}`
  console.log(`${place}${fault.reason === 'missing' ? gapWords(fault) : rowWords(fault)}`)
}

const verdicts = {
  missing: 'The row that was expected is gone: rows were cut off at the end.',
  other: 'The row that was expected is another one now: the chain was written anew.',
} as const

function printReport({ tenant, is_intact, rows, head, expected, ...report }: Report): void {
  const name = printable(tenant)
  if (expected === 'missing' || expected === 'other') console.log(`${name}: ${verdicts[expected]}`)
  const verdict = is_intact ? 'intact' : 'ALTERED'
  const speed = rows > 0 ? ` (${report.rows_per_second} rows/s)` : ''
  console.log(`${name}: ${verdict}, ${rows} rows${speed}`)
  if (head) console.log(`${name}: head ${head.seq}:${head.hash}`)
}
