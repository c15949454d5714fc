/** Names the process that hands over, so that its own batch coming back through a proxy is refused. */
export const FROM_HEADER = 'breakwater-from';
/** The lanes that a hand-over is for: percent-encoded ids, comma separated. */
export const LANES_HEADER = 'breakwater-lanes';

export const encodeLanes = (lanes: readonly string[]): string => lanes.map(encodeURIComponent).join(',');

/** Undefined: no list of lanes. */
export function decodeLanes(text: string): string[] | undefined {
  try {
    const lanes = text.split(',').map((lane) => decodeURIComponent(lane.trim()));
    return lanes.every((lane) => lane !== '') ? lanes : undefined;
  } catch {
    return undefined;
  }
}
