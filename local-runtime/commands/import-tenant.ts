import { findOperatorTenant, findTenantByName } from '../../domain/identity/tenants.ts'
import type { HostDeps } from '../deps.ts'

/**
 * The tenant that an import is for; without a name the operator's.
 * @throws {Error} there is none
 */
export async function tenantIdOf(
  { db }: HostDeps['deps'],
  name: string | undefined,
): Promise<string> {
  const tenant =
    name === undefined ? await findOperatorTenant(db) : await findTenantByName(db, name)
  if (tenant === null) throw new Error(`There is no tenant ${name ?? "that is the operator's"}.`)
  return tenant.id
}
