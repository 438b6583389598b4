import { newerSchemaMessage } from '../../schema-version.ts';
import { doStatement, quoteArray, quoteIdentifier, quoteLiteral } from '../quote-sql.ts';
import { flawsQuery, refusedLevels } from './schema-flaws.ts';
import { OLDEST_SERVER, REMEDY_ENCODING, REMEDY_OLD_SERVER } from './server-needs.ts';

/** The same refusals as those of `migrate`, for the script that a DBA runs. `version` is the one that it makes. */
export function scriptRefusals(
  schema: string,
  readers: readonly string[],
  { version, timeZone }: { readonly version: number; readonly timeZone: string },
): string {
  return [
    doStatement(`BEGIN\n${serverRefusals}\nEND`),
    doStatement(`BEGIN\n${arrivalRefusal}\nEND`),
    doStatement(`DECLARE
  found record;
BEGIN
${newerRefusal(schema, version)}
${timeZoneRefusal(timeZone)}
${readers.length === 0 ? '' : readersRefusal(readers)}
${flawsRefusal(schema)}
END`),
  ].join('');
}

/** These hold no character beyond ASCII, so that every server can read them. */
const serverRefusals = `  IF pg_catalog.current_setting('server_version_num')::integer < ${OLDEST_SERVER} THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
      MESSAGE = 'the server is PostgreSQL ' || pg_catalog.current_setting('server_version') || ', which is too old', HINT = ${quoteLiteral(REMEDY_OLD_SERVER)};
  END IF;
  IF pg_catalog.current_setting('server_encoding') <> 'UTF8' THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
      MESSAGE = 'the database has the encoding ' || pg_catalog.current_setting('server_encoding') || ', which cannot hold every name', HINT = ${quoteLiteral(REMEDY_ENCODING)};
  END IF;`;

/** A statement is converted as it arrives, so SET client_encoding does nothing for what is sent together with it. */
const arrivalRefusal = `  IF pg_catalog.convert_to('场', 'UTF8') <> '\\xe59cba'::bytea THEN
    RAISE EXCEPTION USING ERRCODE = 'character_not_in_repertoire', MESSAGE = 'the script did not arrive as the UTF-8 that it is',
      HINT = 'run it as a file with psql -f, or set PGCLIENTENCODING=UTF8';
  END IF;`;

function newerRefusal(schema: string, version: number): string {
  const table = `${quoteIdentifier(schema)}.scene_meta`;
  const has = `EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = pg_catalog.to_regclass(${quoteLiteral(table)}) AND a.attname = 'schema_version')`;
  return `  IF ${has} THEN
    FOR found IN EXECUTE ${quoteLiteral(`SELECT schema_version FROM ${table} WHERE schema_version > ${version}`)} LOOP
      RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = ${quoteLiteral(newerSchemaMessage)};
    END LOOP;
  END IF;`;
}

function timeZoneRefusal(timeZone: string): string {
  const name = quoteLiteral(timeZone);
  return `  BEGIN
    PERFORM pg_catalog.timezone(${name}, pg_catalog.now());
  EXCEPTION WHEN invalid_parameter_value THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'dimension.timeZone: the database does not know ' || ${name},
      HINT = 'use one of the names in the view pg_timezone_names';
  END;`;
}

function readersRefusal(readers: readonly string[]): string {
  return `  FOR found IN SELECT role FROM pg_catalog.unnest(${quoteArray(readers)}) AS role
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = role) LOOP
    RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = pg_catalog.format('target.readers: the role "%s" does not exist', found.role),
      HINT = pg_catalog.format('CREATE ROLE %I, or take it off the list', found.role);
  END LOOP;`;
}

function flawsRefusal(schema: string): string {
  return `  FOR found IN SELECT f.message, f.remedy FROM (${flawsQuery(schema)}) AS f WHERE f.level = ANY (${quoteArray(refusedLevels)}) LOOP
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = found.message, HINT = found.remedy;
  END LOOP;`;
}
