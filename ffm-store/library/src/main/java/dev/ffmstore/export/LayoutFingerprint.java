package dev.ffmstore.export;

import dev.ffmstore.Share;
import dev.ffmstore.TensorSlot;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// A SHA-256 over the pieces of a layout, which tells it from another layout on any machine.
///
/// It covers everything but the bytes of the tensors: kinds, offsets and sizes of the pieces, literal bytes, and of
/// each tensor the name, dtype, shape and stored type, and what is done to its elements.
final class LayoutFingerprint {
    private final MessageDigest digest;

    private LayoutFingerprint() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e); // every Java platform has it
        }
    }

    /// {@return the fingerprint of a layout, 64 hexadecimal digits}
    static String of(FileLayout layout) {
        LayoutFingerprint fingerprint = new LayoutFingerprint();
        fingerprint.add(layout.size());
        for (FileLayout.Placed placed : layout.pieces()) {
            fingerprint.add(placed);
        }
        return HexFormat.of().formatHex(fingerprint.digest.digest());
    }

    private void add(FileLayout.Placed placed) {
        add(placed.offset());
        add(placed.piece().size());
        switch (placed.piece()) {
            case FileLayout.Literal(byte[] bytes) -> {
                add("literal");
                digest.update(bytes);
            }
            case FileLayout.Fill(byte value, long _) -> {
                add("fill");
                digest.update(value);
            }
            case FileLayout.Raw(TensorSlot tensor) -> {
                add("raw");
                add(tensor);
            }
            case FileLayout.Hex(TensorSlot tensor) -> {
                add("hex");
                add(tensor);
            }
            case FileLayout.Copy copy -> {
                add("copy");
                add(copy.offset());
                add(copy.source().size());
            }
        }
    }

    private void add(TensorSlot tensor) {
        add(tensor.name());
        add(tensor.dtype().toString());
        add(tensor.shape().toString());
        add(tensor.origin());
        add(tensor.shares().size());
        for (Share share : tensor.shares()) {
            add(share.toString());
        }
        add(Float.toString(tensor.storedOffset()));
    }

    private void add(long number) {
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(0, number));
    }

    /// Adds a text after its length, so that it counts where a text ends.
    private void add(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        add(bytes.length);
        digest.update(bytes);
    }
}
