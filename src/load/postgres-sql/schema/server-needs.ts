/** What a server must be, and what to do about one that is not: for `check`, `migrate` and the script for a DBA alike. */

/** As `server_version_num` counts. */
export const OLDEST_SERVER = 140_000;

export const REMEDY_OLD_SERVER = 'use PostgreSQL 14 or newer';

export const REMEDY_ENCODING =
  "use a database made with CREATE DATABASE name ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0";
