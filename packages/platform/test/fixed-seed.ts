import fc from 'fast-check';

// The same values in each run, so that a change is judged by what it changes. FUZZ_SEED tries others.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.FUZZ_SEED ?? 2015) });
