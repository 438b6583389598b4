/** What a text is after one layer of escapes or encoding was taken off. */
export interface Decoding {
  readonly text: string;
  /** What {@link text} consists of, from its beginning to its end; made anew at each call. */
  readonly pieces: () => Iterable<Piece>;
}

/** A part of the decoded text, and the range of the source that it was made of. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}
