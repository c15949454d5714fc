import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Chain, type Linked } from './chain.js';

class Element implements Linked<Element> {
  ahead: Element | undefined;
  behind: Element | undefined;
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }
}

describe('Chain', () => {
  it('is a list from whose ends and middle elements come and go', () => {
    const step = fc.record({ do: fc.constantFrom('push', 'unshift', 'remove'), pick: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const chain = new Chain<Element>();
        const model: Element[] = [];
        steps.forEach((each, id) => {
          if (each.do === 'push') {
            model.push(new Element(id));
            chain.push(model.at(-1)!);
          } else if (each.do === 'unshift') {
            model.unshift(new Element(id));
            chain.unshift(model[0]!);
          } else if (model.length > 0) {
            const [gone] = model.splice(each.pick % model.length, 1);
            chain.remove(gone!);
            expect([gone!.ahead, gone!.behind]).toEqual([undefined, undefined]);
          }
          expect([...chain].map((element) => element.id)).toEqual(model.map((element) => element.id));
          expect([chain.size, chain.first, chain.last]).toEqual([model.length, model[0], model.at(-1)]);
        });
      }),
    );
  });
});
