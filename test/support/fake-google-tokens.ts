/** Where Google gives out tokens, as the fake Google plays it: OAuth, STS, IAM credentials and the metadata server. */
import { createVerify } from 'node:crypto';

/** Who gives out a token. */
export type TokenPlace = 'oauth2' | 'sts' | 'iamcredentials' | 'metadata';

/** An answer: status and JSON body. */
export type TokenAnswer = readonly [status: number, body: object];

/** What a request for a token carries. */
export interface TokenRequest {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** The accounts that the fake knows, and all that must never be seen in an output. */
export const account = 'loader@test.iam.gserviceaccount.com';
export const secrets = {
  keyId: '5f1d0c2ab7e94d6f8a3b',
  clientSecret: 'GOCSPX-not-to-be-seen-anywhere',
  refreshToken: '1//0refresh-not-to-be-seen-anywhere',
  subjectToken: 'eyJhbGciOiJSUzI1NiJ9.eyJub3QiOiJ0by1iZS1zZWVuIn0.c3ViamVjdA',
} as const;

/** Gives out tokens and knows which are good. */
export class TokenDesk {
  /** Every token that was given out. */
  readonly issued: string[] = [];
  /** Whom tokens were asked of, in order. */
  readonly asked: TokenPlace[] = [];
  readonly #good = new Set<string>();
  readonly #refusals: { readonly place: TokenPlace; readonly answer: TokenAnswer; left: number }[] = [];
  readonly #publicKey: string;

  constructor(publicKey: string) {
    this.#publicKey = publicKey;
  }

  /** The next requests at a place get this answer. */
  refuse(place: TokenPlace, answer: TokenAnswer, times = 1_000): void {
    this.#refusals.push({ place, answer, left: times });
  }

  /** No token that was given out so far is good any more. */
  expireAll(): void {
    this.#good.clear();
  }

  isGood(authorization: string | undefined): boolean {
    return this.#good.has(/^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '');
  }

  answer(place: TokenPlace, request: TokenRequest): TokenAnswer {
    this.asked.push(place);
    const refusal = this.#refusals.find((each) => each.place === place && each.left > 0);
    if (refusal !== undefined) {
      refusal.left -= 1;
      return refusal.answer;
    }
    switch (place) {
      case 'oauth2':
        return this.#exchangeGrant(new URLSearchParams(request.body));
      case 'sts':
        return new URLSearchParams(request.body).get('subject_token') === secrets.subjectToken
          ? this.#token()
          : [400, { error: 'invalid_grant', error_description: 'The given credential is rejected.' }];
      case 'iamcredentials':
        return this.isGood(request.authorization)
          ? [200, { accessToken: this.#issue(), expireTime: '2100-01-01T00:00:00Z' }]
          : [401, { error: { code: 401, message: 'Request had invalid credentials.', status: 'UNAUTHENTICATED' } }];
      case 'metadata':
        return this.#token();
    }
  }

  #exchangeGrant(form: URLSearchParams): TokenAnswer {
    if (form.get('grant_type') === 'refresh_token') {
      const isKnown =
        form.get('refresh_token') === secrets.refreshToken && form.get('client_secret') === secrets.clientSecret;
      return isKnown ? this.#token() : [400, { error: 'invalid_grant', error_description: 'Bad Request' }];
    }
    const [head = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    const isSigned = createVerify('RSA-SHA256')
      .update(`${head}.${claims}`)
      .verify(this.#publicKey, Buffer.from(signature, 'base64url'));
    if (!isSigned) return [400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }];
    const claimed: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString());
    const wanted = { iss: account, aud: 'https://oauth2.googleapis.com/token', scope: cloudPlatform };
    return JSON.stringify({ ...(claimed as object), ...wanted }) === JSON.stringify(claimed)
      ? this.#token()
      : [400, { error: 'invalid_scope', error_description: 'Unexpected claims.' }];
  }

  #token(): TokenAnswer {
    return [200, { access_token: this.#issue(), expires_in: 3_599, token_type: 'Bearer' }];
  }

  #issue(): string {
    const token = `ya29.c.token-${this.issued.length}-${'x'.repeat(24)}`;
    this.issued.push(token);
    this.#good.add(token);
    return token;
  }
}

/** The one scope that scenedim asks for. */
const cloudPlatform = 'https://www.googleapis.com/auth/cloud-platform';
