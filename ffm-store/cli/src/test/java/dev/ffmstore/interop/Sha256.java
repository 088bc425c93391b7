package dev.ffmstore.interop;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// SHA-256 in lower-case hexadecimal.
final class Sha256 {
    /// A ByteBuffer holds less than 2 GiB.
    private static final long SLICE_BYTES = 64L << 20;

    private Sha256() {}

    static String of(byte[] bytes) {
        return of(MemorySegment.ofArray(bytes));
    }

    static String of(MemorySegment segment) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (long offset = 0; offset < segment.byteSize(); offset += SLICE_BYTES) {
                long size = Math.min(SLICE_BYTES, segment.byteSize() - offset);
                digest.update(segment.asSlice(offset, size).asByteBuffer());
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    static String of(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file);
                Arena arena = Arena.ofConfined()) {
            return of(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
        }
    }
}
