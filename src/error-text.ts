/** The `code` of an error of Node or of a driver when it is a text, such as `ENOENT`. */
export function errorCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Why something failed, as short as it can be told: the code, else the message. */
export function reasonOf(error: unknown): string {
  return errorCodeOf(error) ?? messageOf(error);
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
