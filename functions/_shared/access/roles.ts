import { type Role, roles } from '../../../db/schema/users.ts'

/**
 * Who may call a route. One role names the least of the ladder viewer < editor < admin; `ingest`, `worker` and `guest`,
 * who is in channels alone, stand beside the ladder and must be listed. `any`: every valid key. `operator`: an admin of
 * the operator's tenant. `public`: no key.
 */
export type RouteRole = Role | readonly Role[] | 'any' | 'operator' | 'public'

const ladder: Record<Role, readonly Role[]> = {
  viewer: ['viewer', 'editor', 'admin'],
  editor: ['editor', 'admin'],
  admin: ['admin'],
  ingest: ['ingest'],
  worker: ['worker'],
  guest: ['guest'],
}

/** The roles that a route admits, in the order of the matrix. */
export function admittedRoles(routeRole: RouteRole): readonly Role[] {
  if (routeRole === 'public' || routeRole === 'any') return roles
  if (routeRole === 'operator') return ['admin']
  const named: readonly Role[] = typeof routeRole === 'string' ? [routeRole] : routeRole
  return [...new Set(named.flatMap((role) => ladder[role]))]
}

/** May a caller with this role (and tenant) use the route? */
export function isAdmitted(routeRole: RouteRole, role: Role, isOperator: boolean): boolean {
  return admittedRoles(routeRole).includes(role) && (routeRole !== 'operator' || isOperator)
}

// What each role can do, as sets: a key may carry only a role whose rights its user and its creator have.
const rights: Record<Role, ReadonlySet<Role>> = {
  admin: new Set<Role>(roles),
  editor: new Set<Role>(['editor', 'viewer', 'ingest', 'guest']),
  viewer: new Set<Role>(['viewer', 'guest']),
  ingest: new Set<Role>(['ingest']),
  worker: new Set<Role>(['worker']),
  guest: new Set<Role>(['guest']),
}

/** Does `holder` have at least the rights of `wanted`? */
export const includesRights = (holder: Role, wanted: Role): boolean => rights[holder].has(wanted)

const lesser = (a: Role, b: Role): Role | null =>
  includesRights(b, a) ? a : includesRights(a, b) ? b : null

/**
 * The role that a key has in effect: the least of its own, its user's and its creator's.
 * @returns `null` when two of them stand beside each other, so that no right is common to all
 */
export const effectiveRole = (key: Role, ...bounds: readonly Role[]): Role | null =>
  bounds.reduce<Role | null>((role, bound) => role && lesser(role, bound), key)
