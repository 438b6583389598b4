/**
 * A number for each index, 0 until it is set; eight bytes an index up to the highest that was set.
 */
export class NumbersByIndex {
  #numbers = new Float64Array(16);

  get(index: number): number {
    return this.#numbers[index] ?? 0;
  }

  set(index: number, value: number): void {
    if (index >= this.#numbers.length) {
      const grown = new Float64Array(Math.max(index + 1, this.#numbers.length * 2));
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[index] = value;
  }
}
