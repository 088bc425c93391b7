package dev.ffmstore.cli.demo;

/// The generator of Steele, Lea and Flood: the same numbers from the same seed on every machine and JVM.
final class SplitMix64 {
    private static final long GAMMA = 0x9E37_79B9_7F4A_7C15L;

    private long state;

    SplitMix64(long seed) {
        state = seed;
    }

    /// {@return the next 64 random bits}
    long next() {
        state += GAMMA;
        return mix(state);
    }

    /// {@return a seed for one of many independent streams}
    static long seed(long seed, long stream) {
        return mix(seed + GAMMA * mix(stream + GAMMA));
    }

    private static long mix(long bits) {
        bits = (bits ^ (bits >>> 30)) * 0xBF58_476D_1CE4_E5B9L;
        bits = (bits ^ (bits >>> 27)) * 0x94D0_49BB_1331_11EBL;
        return bits ^ (bits >>> 31);
    }
}
