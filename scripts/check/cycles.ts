import { type Problem, type Repository, resolveRelative } from './repository.js';

type Graph = ReadonlyMap<string, readonly string[]>;

/** Files that import each other in a circle; a circle of types is one too. */
export function checkCycles({ sources }: Repository): Problem[] {
  const graph = new Map<string, readonly string[]>();
  for (const { file, imports } of sources) {
    const relative = imports.filter(({ specifier }) => specifier.startsWith('.'));
    graph.set(
      file,
      relative.map(({ specifier }) => resolveRelative(file, specifier)),
    );
  }
  return findCycles(graph).map((cycle) => ({
    file: cycle[0]!,
    message: `imports itself: ${[...cycle, cycle[0]].join(' → ')}`,
  }));
}

/** One cycle, as short as can be, for each group of nodes that reach each other. Edges to unknown nodes do not count. */
function findCycles(graph: Graph): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  for (const start of graph.keys()) {
    if (done.has(start)) continue;
    const cycle = shortestCycle(graph, start, done) ?? [];
    if (cycle.length > 0) cycles.push(cycle);
    for (const node of [start, ...cycle]) done.add(node);
  }
  return cycles;
}

/** Breadth first from `start` back to it, past the nodes that were looked at before. */
function shortestCycle(graph: Graph, start: string, done: ReadonlySet<string>): string[] | undefined {
  const cameFrom = new Map<string, string | undefined>([[start, undefined]]);
  for (const node of cameFrom.keys()) {
    for (const next of graph.get(node) ?? []) {
      if (next === start) return pathTo(node, cameFrom);
      if (!cameFrom.has(next) && !done.has(next)) cameFrom.set(next, node);
    }
  }
  return undefined;
}

function pathTo(end: string, cameFrom: ReadonlyMap<string, string | undefined>): string[] {
  const path: string[] = [];
  for (let node: string | undefined = end; node !== undefined; node = cameFrom.get(node)) path.unshift(node);
  return path;
}
