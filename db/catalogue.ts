import type { Sql } from 'postgres'

/** One line a thing, `kind name: what it is`, sorted. What varies with the day or the minor version is left out. */
const catalogueQueries = [
  `select 'extension ' || extname from pg_extension where extname <> 'plpgsql'`,
  `select 'table ' || c.relname || coalesce(': partitioned by ' || pg_get_partkeydef(c.oid), '')
     || coalesce(': partition of ' || p.relname || ' ' || pg_get_expr(c.relpartbound, c.oid), '')
     || coalesce(' with ' || array_to_string(c.reloptions, ', '), '')
   from tables c left join pg_inherits i on i.inhrelid = c.oid
   left join pg_class p on p.oid = i.inhparent`,
  `select 'column ' || c.relname || '.' || a.attname || ': ' || format_type(a.atttypid, a.atttypmod)
     || case when a.attnotnull then ' not null' else '' end
     || case when a.attgenerated = 's' then ' generated ' else ' default ' end
     || coalesce(pg_get_expr(d.adbin, d.adrelid), 'none')
   from tables c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
   left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum`,
  `select 'constraint ' || c.relname || '.' || n.conname || ': ' || pg_get_constraintdef(n.oid)
   from tables c join pg_constraint n on n.conrelid = c.oid`,
  `select 'index ' || c.relname || ': ' || pg_get_indexdef(x.indexrelid)
   from tables c join pg_index x on x.indrelid = c.oid`,
  `select 'trigger ' || c.relname || ': ' || pg_get_triggerdef(t.oid)
   from tables c join pg_trigger t on t.tgrelid = c.oid and not t.tgisinternal`,
  `select 'function ' || p.oid::regprocedure from pg_proc p
   where p.pronamespace = 'public'::regnamespace
     and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')`,
  `select 'text search ' || cfg.cfgname || ': ' || t.alias || ' by '
     || string_agg(m.mapdict::regdictionary::text, ', ' order by m.mapseqno)
   from pg_ts_config cfg join pg_ts_config_map m on m.mapcfg = cfg.oid
   join ts_token_type(cfg.cfgparser) t on t.tokid = m.maptokentype
   where cfg.cfgnamespace = 'public'::regnamespace group by cfg.cfgname, t.alias`,
  `select 'dictionary ' || d.dictname || ': ' || t.tmplname || ' ' || coalesce(d.dictinitoption, '')
   from pg_ts_dict d join pg_ts_template t on t.oid = d.dicttemplate
   where d.dictnamespace = 'public'::regnamespace
     and not exists (select from pg_depend p where p.objid = d.oid and p.deptype = 'e')`,
]

/** The schema `public` as text, for comparison with the reviewed one. Months' partitions are left out. */
export async function catalogueText(sql: Sql): Promise<string> {
  const rows = await sql.unsafe<{ line: string }[]>(`
    with tables as (
      select * from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
        and relname !~ '_\\d{4}_\\d{2}$'
    )
    select line collate "C" as line from (${catalogueQueries.join(' union all ')}) as lines (line)
    order by 1`)
  return rows.map(({ line }) => `${line}\n`).join('')
}
