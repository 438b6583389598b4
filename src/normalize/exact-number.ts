/** A JSON number as it was written, where a JavaScript number might not be exact. */
export class ExactNumber {
  readonly literal: string;

  constructor(literal: string) {
    this.literal = literal;
  }
}
