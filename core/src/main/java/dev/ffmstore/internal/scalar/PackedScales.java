package dev.ffmstore.internal.scalar;

/// The 6-bit scales and mins of Q4_K and Q5_K, unpacked eight at a time; [KQuants] draws their layout.
public final class PackedScales {
    private PackedScales() {}

    /// {@return the scales of the eight sub-blocks, one a byte, the first lowest}
    public static long scales(int s0, int s2) {
        return s0 & 0x3F3F3F3FL | (s2 & 0x0F0F0F0FL | s0 >>> 2 & 0x30303030L) << 32;
    }

    /// {@return the mins of the eight sub-blocks, one a byte, the first lowest}
    public static long mins(int s1, int s2) {
        return s1 & 0x3F3F3F3FL | (s2 >>> 4 & 0x0F0F0F0FL | s1 >>> 2 & 0x30303030L) << 32;
    }
}
