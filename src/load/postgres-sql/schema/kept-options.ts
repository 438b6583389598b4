import { doStatement, quoteArray } from '../quote-sql.ts';
import { viewsAndFunctions } from './readable-objects.ts';

/**
 * CREATE OR REPLACE takes options off a view (`security_invoker`, …) and puts attributes of a function back (COST, SECURITY
 * DEFINER, SET, …). This statement notes those of our views and functions until the end of the transaction.
 */
export function keepOptionsStatement(schema: string): string {
  const { views, functions } = viewsAndFunctions(schema);
  return doStatement(`BEGIN
  PERFORM pg_catalog.set_config('scenedim.kept', COALESCE((
    SELECT pg_catalog.jsonb_agg(k)::text FROM (
      SELECT pg_catalog.format('ALTER VIEW %s SET (%s)', v.name, (
          SELECT pg_catalog.string_agg(pg_catalog.format('%I = %L', pg_catalog.split_part(o, '=', 1), pg_catalog.substr(o, pg_catalog.strpos(o, '=') + 1)), ', ')
          FROM pg_catalog.unnest(c.reloptions) AS o)) AS statement, NULL::text AS object, NULL::text[] AS settings
      FROM pg_catalog.unnest(${quoteArray(views)}) AS v(name)
      JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(v.name) AND c.relkind = 'v' AND c.reloptions IS NOT NULL
      UNION ALL
      SELECT pg_catalog.concat_ws(' ', 'ALTER FUNCTION', f.signature,
          CASE p.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
          CASE WHEN p.proisstrict THEN 'STRICT' ELSE 'CALLED ON NULL INPUT' END,
          CASE WHEN p.prosecdef THEN 'SECURITY DEFINER' ELSE 'SECURITY INVOKER' END,
          'COST ' || p.procost, CASE WHEN p.proretset THEN 'ROWS ' || p.prorows END,
          'PARALLEL ' || CASE p.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' ELSE 'UNSAFE' END,
          CASE WHEN p.proleakproof AND (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN 'LEAKPROOF' END),
        f.signature, p.proconfig
      FROM pg_catalog.unnest(${quoteArray(functions)}) AS f(signature)
      JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(f.signature)
    ) AS k), '[]'), true);
END`);
}

/** Puts back what {@link keepOptionsStatement} noted, in the same transaction. */
export function restoreOptionsStatement(): string {
  return doStatement(`DECLARE
  kept pg_catalog.jsonb;
  setting text;
  name text;
  value text;
  before text;
BEGIN
  FOR kept IN SELECT pg_catalog.jsonb_array_elements(pg_catalog.current_setting('scenedim.kept')::pg_catalog.jsonb) LOOP
    EXECUTE kept ->> 'statement';
    CONTINUE WHEN pg_catalog.jsonb_typeof(kept -> 'settings') <> 'array';
    FOR setting IN SELECT pg_catalog.jsonb_array_elements_text(kept -> 'settings') LOOP
      name := pg_catalog.split_part(setting, '=', 1);
      value := pg_catalog.substr(setting, pg_catalog.strpos(setting, '=') + 1);
      IF name IN ('search_path', 'temp_tablespaces') THEN
        -- A list of quoted names: as one literal it would be one name.
        before := pg_catalog.current_setting(name);
        PERFORM pg_catalog.set_config(name, value, true);
        EXECUTE pg_catalog.format('ALTER FUNCTION %s SET %I FROM CURRENT', kept ->> 'object', name);
        PERFORM pg_catalog.set_config(name, before, true);
      ELSE
        EXECUTE pg_catalog.format('ALTER FUNCTION %s SET %s TO %L', kept ->> 'object',
          (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(part), '.') FROM pg_catalog.unnest(pg_catalog.string_to_array(name, '.')) AS part), value);
      END IF;
    END LOOP;
  END LOOP;
END`);
}
