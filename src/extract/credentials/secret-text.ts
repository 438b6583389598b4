/**
 * Why a text cannot be a token or an app secret, and what to do; null when it can be one. Both consist of visible ASCII
 * characters, and neither begins with `{`: such a text is the JSON in which SDKs cache a token, and brokers answer. Quotation
 * marks around it are those of a shell or an `.env` file that somebody copied.
 */
export function flawOfSecret(what: string, text: string): SecretFlaw | null {
  if (/^\s*\{/.test(text)) {
    return {
      message: `its ${what} is JSON, as SDKs cache it, not the ${what} itself`,
      remedy: `name its member beside where it is read from, like pointer: /access_token, or give the ${what} alone`,
    };
  }
  if (/^(["']).*\1$/.test(text)) {
    return { message: `its ${what} is in quotation marks`, remedy: 'take the quotation marks away' };
  }
  if (/^[\x21-\x7e]+$/.test(text)) return null;
  return {
    message: `its ${what} is empty or holds spaces, line ends or other characters that none has`,
    remedy: null,
  };
}

export interface SecretFlaw {
  readonly message: string;
  readonly remedy: string | null;
}
