import fc from 'fast-check';

// In CI red is to mean the commit, so every property meets the same cases each time; `npm run soak:properties` looks for new ones.
fc.configureGlobal({ seed: 20_260_110 });
