import { roles } from '../db/schema/users.ts'
import { admittedRoles, type RouteRole } from '../functions/_shared/access/roles.ts'
import type { FunctionApp } from '../functions/_shared/http/app.ts'
import type { Route } from '../functions/_shared/http/route.ts'
import type { Deps } from '../functions/_shared/ports/deps.ts'
import { registry } from '../local-runtime/registry.ts'

const columns = roles

/** Every function of the registry, in its order. */
export const loadFunctions = (deps: Deps): Promise<FunctionApp[]> =>
  Promise.all(
    registry.map(async ({ name }) => {
      const loaded: { createApp(deps: Deps): FunctionApp } = await import(
        `../functions/${name}/index.ts`
      )
      return loaded.createApp(deps)
    }),
  )

/** `docs/roles.md`: who may call what, read from the routes themselves. */
export function rolesMatrix(functions: readonly FunctionApp[]): string {
  const parts = functions.map((app) => [
    `## ${app.info.name}`,
    `| Operation | Route | ${columns.join(' | ')} | no key |`,
    `| --- | --- |${' :-: |'.repeat(columns.length + 1)}`,
    ...app.routes.map((route) => rowOf(app.info.name, route)),
  ])
  const tables = parts.map(([title, ...table]) => `${title}\n\n${table.join('\n')}`)
  return `${[preamble, ...tables].join('\n\n')}\n`
}

const preamble = `# Roles and routes

Generated from the routes; a test keeps it true (\`npm test -- scripts/roles-matrix -u\` writes it anew) and tries every cell by a call.

- A key carries one role. What it may do is never more than what its user may: when the user's role shrinks, so do their keys, within a second.
- \`admin\` has the rights of \`editor\`, \`editor\` those of \`viewer\`. \`ingest\` and \`worker\` stand beside that ladder.
- \`guest\` stands beside it too: it sees the channels that its user is a member of, with what is said, played and written there, and nothing else. Only a guest's user has no email, and their keys never carry another role.
- \`operator\`: only for admins of the first tenant, which is the operator's.
- Routes that a role may call can still hide rows from it: a key that is no admin's sees only the keys of its own user.`

function rowOf(name: string, { method, path, atRoot, operationId, role }: Route): string {
  const base = atRoot ? '' : `/v1/${name}`
  const url = (path === '/' ? base : `${base}${path}`).replaceAll(/:(\w+)/g, '{$1}')
  const cells = [...columns.map((column) => cell(role, column)), role === 'public' ? 'yes' : '']
  return `| \`${operationId}\` | \`${method.toUpperCase()} ${url}\` | ${cells.join(' | ')} |`
}

function cell(role: RouteRole, column: (typeof columns)[number]): string {
  if (!admittedRoles(role).includes(column)) return ''
  return role === 'operator' ? 'operator' : 'yes'
}
