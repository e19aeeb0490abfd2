-- The catalogue lint: every row is a finding. A table says what it is in its comment: 'tenant: …' or 'global: <reason>'.
with cfg as (select array['app', 'chassis', 'tenancy', 'identity', 'dispatch', 'hub', 'region', 'migration', 'public']::name[] as schemas,
             array['dispatch_app', 'hub_app', 'region_app']::name[] as app_roles, 'tenant_id'::name as tcol, 'app.tenant('::text as must_call),
rel as (select c.oid, n.nspname||'.'||c.relname as q, c.relkind, c.relrowsecurity rls, c.relforcerowsecurity force, c.reloptions, c.relowner, c.relispartition, c.relacl
        from pg_class c join pg_namespace n on n.oid=c.relnamespace, cfg where n.nspname=any(cfg.schemas)
        and not exists(select 1 from pg_depend d where d.objid=c.oid and d.deptype='e')),
tab as (select r.*, a.attnum tnum, a.attnotnull from rel r cross join cfg left join pg_attribute a on a.attrelid=r.oid and a.attname=cfg.tcol and not a.attisdropped
        where r.relkind in ('r','p') and coalesce(obj_description(r.oid,'pg_class'),'') not like 'global: _%'),
approle as (select oid,rolname,rolsuper,rolbypassrls from pg_roles, cfg where rolname=any(cfg.app_roles))
select 'T0 not registered: comment must begin with tenant: or global:' as finding, q as object, '' as detail from rel
  where relkind in ('r','p') and coalesce(obj_description(oid,'pg_class'),'') !~ '^(tenant|global): .'
union all select 'T1 no tenant_id NOT NULL', q, '' from tab where tnum is null or not attnotnull
union all select 'T2 RLS not enabled', q, '' from tab where not rls
union all select 'T3 RLS not forced', q, '' from tab where not force
union all select 'T4 no policy', q, '' from tab t where not exists(select 1 from pg_policy p where p.polrelid=t.oid)
union all select 'T5 policy without tenant check', t.q, p.polname||': '||coalesce(pg_get_expr(p.polqual,p.polrelid),'-')||' / '||coalesce(pg_get_expr(p.polwithcheck,p.polrelid),'-')
  from tab t join pg_policy p on p.polrelid=t.oid, cfg where p.polpermissive and (
    (p.polcmd in ('r','w','d','*') and position(cfg.must_call in coalesce(pg_get_expr(p.polqual,p.polrelid),''))=0)
    or (p.polcmd in ('a','w','*') and position(cfg.must_call in coalesce(pg_get_expr(p.polwithcheck,p.polrelid), case when p.polcmd='*' then pg_get_expr(p.polqual,p.polrelid) end, ''))=0))
union all select 'T6 unique index not tenant-led', t.q, i.indexrelid::regclass::text from tab t join pg_index i on i.indrelid=t.oid where i.indisunique and t.tnum is not null and i.indkey[0]<>t.tnum
union all select 'T7 exclusion constraint without tenant', t.q, c.conname from tab t join pg_constraint c on c.conrelid=t.oid and c.contype='x' where not t.tnum=any(c.conkey)
union all select 'T8 FK between tenant tables without tenant_id', t.q, c.conname from tab t join pg_constraint c on c.conrelid=t.oid and c.contype='f' join tab f on f.oid=c.confrelid
  where not exists(select 1 from generate_subscripts(c.conkey,1) k where c.conkey[k]=t.tnum and c.confkey[k]=f.tnum)
union all select 'V1 view without security_invoker', q, '' from rel where relkind='v' and not coalesce(reloptions::text ilike '%security_invoker=true%' or reloptions::text ilike '%security_invoker=on%',false)
union all select 'V2 materialized view readable by app role', r.q, a.rolname from rel r, approle a where r.relkind='m' and has_table_privilege(a.oid,r.oid,'select')
union all select 'P1 partition readable directly and without own RLS', r.q, a.rolname from rel r, approle a where r.relispartition and not r.rls and has_table_privilege(a.oid,r.oid,'select')
union all select 'R1 app role is superuser/bypassrls', rolname, '' from approle where rolsuper or rolbypassrls
union all select 'R2 app role owns or can become owner', r.q, a.rolname from rel r, approle a where pg_has_role(a.oid,r.relowner,'member')
union all select 'R3 TRUNCATE/REFERENCES/TRIGGER granted', r.q, a.rolname from rel r, approle a where r.relkind in ('r','p') and has_table_privilege(a.oid,r.oid,'truncate,references,trigger')
union all select 'R4 granted to PUBLIC', q, '' from rel where relacl::text ~ '(\{|,)=[a-zA-Z]'
union all select 'F1 security definer callable by app role', p.oid::regprocedure::text, case when p.proconfig::text ilike '%search_path%' then 'search_path set' else 'search_path NOT set' end
  from pg_proc p join pg_namespace n on n.oid=p.pronamespace, cfg, approle a where n.nspname=any(cfg.schemas) and p.prosecdef and has_function_privilege(a.oid,p.oid,'execute')
  and not exists(select 1 from pg_depend d where d.objid=p.oid and d.deptype='e')
union all select 'G1 && not leakproof (spatial index unused under RLS)', p.oid::regprocedure::text, '' from pg_proc p where p.proname='geometry_overlaps' and not p.proleakproof
union all select 'G3 ILIKE not leakproof (trigram index unused under RLS)', p.oid::regprocedure::text, '' from pg_proc p where p.oid='pg_catalog.texticlike(text,text)'::regprocedure and not p.proleakproof
union all select 'T9 policy not in the one form', t.q, p.polname from tab t join pg_policy p on p.polrelid=t.oid
  where pg_get_expr(p.polqual,p.polrelid) is distinct from '(tenant_id = ( SELECT app.tenant() AS tenant))' or (p.polwithcheck is not null and pg_get_expr(p.polwithcheck,p.polrelid)<>'(tenant_id = ( SELECT app.tenant() AS tenant))')
union all select 'T10 index of a tenant table not tenant-led', t.q, i.indexrelid::regclass::text from tab t join pg_index i on i.indrelid=t.oid where t.tnum is not null and i.indkey[0]<>t.tnum
union all select 'G2 a global table carries tenant_id', r.q, '' from rel r join pg_attribute a on a.attrelid=r.oid and a.attname='tenant_id' and not a.attisdropped
  where r.relkind in ('r','p') and obj_description(r.oid,'pg_class') like 'global: _%'
order by 1,2;
