import type { Plan } from '../../plan/plan.js';
import type { RenderedFile } from '../rendered-file.js';
import { type Board, type BoardContext, boardContext } from './board.js';
import { buildBoard } from './build-board.js';
import { collection } from './collection.js';
import { delivery } from './delivery.js';
import { fleet } from './fleet.js';
import { haproxy } from './haproxy.js';
import { influxdb } from './influxdb.js';
import { provisioning } from './provisioning.js';
import { resilience } from './resilience.js';

const BOARDS: ReadonlyArray<(context: BoardContext) => Board> = [
  resilience,
  delivery,
  fleet,
  collection,
  haproxy,
  influxdb,
];

export function renderGrafana(plan: Plan): RenderedFile[] {
  const context = boardContext(plan);
  const dashboards = BOARDS.map((boardOf) => {
    const board = boardOf(context);
    const json = JSON.stringify(buildBoard(board, context), null, 2);
    return { path: `grafana/dashboards/${board.file}.json`, text: `${json}\n` };
  });
  return [...provisioning(plan), ...dashboards];
}
