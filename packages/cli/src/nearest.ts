/** The word of a list that was probably meant. Only who mistypes waits until the package is loaded that tells it. */
export async function nearest(word: string, words: readonly string[]): Promise<string | undefined> {
  const { closest } = await import('@breakwater/stack');
  return closest(word, words);
}
