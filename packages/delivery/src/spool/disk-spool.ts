import type { Clock, Recorder } from '@breakwater/resilience';
import { publish } from '../events/events.js';
import { IntakeAccount } from '../intake/account.js';
import type { IntakeClosure } from '../intake/intake.js';
import { LogIntake } from '../intake/log-intake.js';
import { LaneGate } from '../lanes/gate.js';
import type { LaneStatus } from '../lanes/lane.js';
import { Adoption } from './adoption.js';
import { CapKeeper } from './cap-keeper.js';
import { drain } from './drain.js';
import { makeFolders } from './folders.js';
import { inTurn } from './in-turn.js';
import { SPOOL_METRICS } from './metrics.js';
import { spoolSettings } from './settings.js';
import { Slot } from './slot.js';
import { SlotSet } from './slot-set.js';
import { AbandonedSlots, firstFreeSlot, type LockedSlot } from './slots.js';
import type { DrainOptions, DrainReport, Spool, SpoolOptions } from './spool.js';
import { sumUp } from './status.js';
import { Tending } from './tending.js';
import { tidyWith } from './tidy.js';
import { attempt } from './trouble.js';

interface Parts {
  readonly gates: ReadonlyMap<string, LaneGate>;
  readonly slots: SlotSet;
  readonly intake: LogIntake;
  readonly adoption: Adoption;
  readonly tending: Tending;
  readonly clock: Clock;
}

/** A spool on the disk of this machine. */
export class DiskSpool implements Spool {
  readonly directory: string;
  readonly intake: LogIntake;
  readonly #parts: Parts;
  #closed: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.directory = parts.slots.own.path;
    this.intake = parts.intake;
  }

  static async open(options: SpoolOptions): Promise<DiskSpool> {
    const settings = spoolSettings(options);
    const { clock, random, storage, segmentBytes, maxBytes } = settings;
    const { directory } = options;
    await makeFolders(directory, storage);
    const gates = new Map(
      options.backends.map((backend) => [backend.id, new LaneGate({ backend, settings: options, clock, random })]),
    );
    const account = new IntakeAccount();
    const common = { gates, segmentBytes, storage, clock };
    const own = await Slot.open({
      ...common,
      ...(await firstFreeSlot(directory, storage)),
      isOwn: true,
      onAccepted: (points) => account.accept(points),
    });
    const slots = new SlotSet(own);
    const caps = new CapKeeper(slots, settings);
    const full = (bytes: number) => caps.full(bytes);
    const lanes = [...gates.keys()];
    const intake = new LogIntake({ log: own.log, account, lanes, maxBytes, full, onChange: announce });
    const tidy = tidyWith(settings);
    const abandoned = new AbandonedSlots(directory, storage, clock);
    const open = (found: LockedSlot) => Slot.open({ ...common, ...found, isOwn: false, onAccepted: () => {} });
    const adoption = new Adoption({ slots, abandoned, open, tidy });
    const tending = new Tending({ slots, caps, intake, adoption, tidy, clock });
    own.start();
    tending.start();
    return new DiskSpool({ gates, slots, intake, adoption, tending, clock });
  }

  lanes(): readonly LaneStatus[] {
    const { gates, slots } = this.#parts;
    return [...gates.keys()].map((backend) => sumUp(backend, slots.statusesOf(backend)));
  }

  async drain(options: DrainOptions): Promise<DrainReport> {
    const { slots, intake, adoption, tending, clock } = this.#parts;
    // Of what is on its way in somebody is told yet that it is accepted; what is being adopted is owed too.
    const shut = () => Promise.all([intake.shut(), adoption.end()]);
    const handedOverPoints = await drain({ slots, shut, atRest: () => tending.settled(), clock }, options);
    return { handedOverPoints, left: this.#left() };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { gates, slots, intake, adoption, tending } = this.#parts;
    await Promise.all([intake.shut(), adoption.end(), tending.stop()]);
    await inTurn([
      ...slots.all.map((slot) => () => end(slot)),
      ...[...gates.values()].map(
        ({ backend }) =>
          () =>
            backend.close(),
      ),
    ]);
  }

  measure(record: Recorder): void {
    const { gates, slots, intake } = this.#parts;
    intake.measure(record);
    for (const slot of slots.all) slot.measure(record);
    for (const gate of gates.values()) {
      gate.measure(record);
      gate.backend.measure(record);
    }
    record(SPOOL_METRICS.slots, {}, slots.all.length);
  }

  #left(): Map<string, number> {
    return new Map(
      this.lanes().flatMap(({ backend, pendingPoints, heldPoints }) => {
        const points = pendingPoints + heldPoints;
        return points > 0 ? [[backend, points] as const] : [];
      }),
    );
  }
}

async function end(slot: Slot): Promise<void> {
  const sweep = () => slot.sweep({ active: !slot.isOwed });
  await inTurn([() => slot.stop(), () => attempt(`sweeping ${slot.name}`, sweep), () => slot.close()]);
}

function announce(closure: IntakeClosure | undefined): void {
  if (closure === undefined) publish({ type: 'intake.opened' });
  else publish({ type: 'intake.closed', reason: closure.reason, message: closure.message });
}
