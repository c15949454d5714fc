import type { Plan } from '../plan/plan.js';
import { absence } from './absence.js';
import { type Alert, CATEGORIES, type RecordingRule } from './alert.js';
import { collectionSpeed } from './collection-speed.js';
import { collectorResources } from './collector-resources.js';
import { containers } from './containers.js';
import { type AlertContext, alertContext } from './context.js';
import { fleet } from './fleet.js';
import { influxdb } from './influxdb.js';
import { instances } from './instances.js';
import { lanes } from './lanes.js';
import { monitoring } from './monitoring.js';
import { node } from './node.js';
import { objectiveAlerts, objectiveRules } from './objectives.js';
import { points } from './points.js';
import { proxy } from './proxy.js';
import { proxyAnswers } from './proxy-answers.js';
import { queues } from './queues.js';
import { redis } from './redis.js';
import { replicas } from './replicas.js';
import { targetErrors } from './target-errors.js';
import { turns } from './turns.js';

/** The rule files, and the subjects of each. */
const FILES: Readonly<Record<string, ReadonlyArray<(context: AlertContext) => Alert[]>>> = {
  scaling_alerts: [
    collectorResources,
    collectionSpeed,
    proxyAnswers,
    replicas,
    queues,
    targetErrors,
    instances,
    proxy,
    monitoring,
    containers,
    influxdb,
    node,
  ],
  delivery_alerts: [lanes, points],
  collection_alerts: [turns],
  fleet_alerts: [fleet, redis],
  absence_alerts: [absence],
  objectives: [objectiveAlerts],
};

/** What stands in one rule file. */
export interface RuleSet {
  /** The name of the file, without `.yml`. */
  readonly name: string;
  readonly recording: readonly RecordingRule[];
  readonly alerts: readonly Alert[];
}

/** Every rule of a stack, by file. */
export function ruleSetsOf(plan: Plan): RuleSet[] {
  const context = alertContext(plan);
  return Object.entries(FILES).map(([name, subjects]) => ({
    name,
    recording: name === 'objectives' ? objectiveRules(context) : [],
    alerts: inOrder(subjects.flatMap((subject) => subject(context))),
  }));
}

/** Every alert of a stack, by category. */
export const alertsOf = (plan: Plan): Alert[] => inOrder(ruleSetsOf(plan).flatMap(({ alerts }) => alerts));

const inOrder = (alerts: readonly Alert[]): Alert[] =>
  CATEGORIES.flatMap((category) => alerts.filter((alert) => alert.category === category));
