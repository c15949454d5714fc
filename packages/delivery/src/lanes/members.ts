import type { Observation } from './ack-hold.js';

/** A lane, to its gate. */
export interface GateMember {
  /** Something may go that could not before. */
  pump(): void;
  observed(observation: Observation): void;
  /** Something was found out about the destination: it is free, or its hold is another, or still the same. */
  changed(destination: string): void;
  /** Whether it has to know when the backend restarts. */
  readonly needsEpoch: boolean;
}

/** The lanes to one backend. */
export class Members implements GateMember {
  #members: GateMember[] = [];

  get isEmpty(): boolean {
    return this.#members.length === 0;
  }

  add(member: GateMember): void {
    this.#members.push(member);
  }

  remove(member: GateMember): void {
    this.#members = this.#members.filter((other) => other !== member);
  }

  /** So that no lane is always the first to be asked. */
  rotate(): void {
    const first = this.#members.shift();
    if (first !== undefined) this.#members.push(first);
  }

  pump(): void {
    for (const member of this.#members) member.pump();
  }

  observed(observation: Observation): void {
    for (const member of this.#members) member.observed(observation);
  }

  changed(destination: string): void {
    for (const member of this.#members) member.changed(destination);
  }

  get needsEpoch(): boolean {
    return this.#members.some(({ needsEpoch }) => needsEpoch);
  }
}
