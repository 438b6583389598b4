/** `stop` is aborted when an item cannot be written, so that the caller does not prepare more in vain. */
export function createBackgroundWriter<Item>(
  writeItem: (item: Item) => Promise<void>,
  stop: AbortController,
): BackgroundWriter<Item> {
  let writing: Promise<{ error: unknown } | null> = Promise.resolve(null);

  async function settle(): Promise<void> {
    const failure = await writing;
    if (failure !== null) throw failure.error;
  }

  return {
    async write(item) {
      await settle();
      writing = writeItem(item).then(
        () => null,
        (error: unknown) => {
          stop.abort();
          return { error };
        },
      );
    },
    end: settle,
  };
}

/** Writes one item at a time while the caller prepares the next. */
export interface BackgroundWriter<Item> {
  /** Waits for the item before, then starts to write this one. Rejects when the one before could not be written. */
  write(item: Item): Promise<void>;
  /** Waits for the last item. */
  end(): Promise<void>;
}
