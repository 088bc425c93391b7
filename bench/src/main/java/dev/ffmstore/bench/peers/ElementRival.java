package dev.ffmstore.bench.peers;

import dev.ffmstore.Model;
import dev.ffmstore.TensorForm;
import dev.ffmstore.TensorPlan;
import dev.ffmstore.TensorSlot;
import dev.ffmstore.ggml.GgmlType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Uses foreign memory as its first example does: the file is mapped, and every element is computed by itself, from
/// the bytes that it needs, and set by itself. One thread; F32, Q4_K and Q6_K only.
///
/// ```text
/// Q4_K, 256 elements  d f16 │ dmin f16 │ 12 B of 6-bit scales and mins │ 4 × 32 B, two groups of 32 a piece
/// Q6_K, 256 elements  128 B low 4 bits │ 64 B high 2 bits │ 16 scales i8 │ d f16
/// ```
record ElementRival() implements Rival {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort F16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int LENGTH = 256;

    @Override
    public Loaded load(Path model, int threads) throws IOException {
        Arena arena = Arena.ofShared();
        try (Model opened = Model.open(model);
                FileChannel channel = FileChannel.open(model)) {
            MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            List<MemorySegment> tensors = new ArrayList<>();
            for (TensorSlot slot : TensorPlan.of(opened, TensorForm.dense()).slots()) {
                tensors.add(tensor(
                        bytes.asSlice(slot.stored().offset(), slot.stored().byteSize()), slot, arena));
            }
            return new StoreRival.Segments(tensors, arena::close);
        } catch (Throwable failure) {
            arena.close();
            throw failure;
        }
    }

    private static MemorySegment tensor(MemorySegment blocks, TensorSlot slot, Arena arena) {
        MemorySegment dense = arena.allocate(slot.byteSize(), TensorPlan.ALIGNMENT);
        long count = slot.byteSize() / Float.BYTES;
        switch ((GgmlType) slot.type()) {
            case F32 -> {
                for (long i = 0; i < count; i++) {
                    dense.setAtIndex(F32, i, blocks.getAtIndex(F32, i));
                }
            }
            case Q4_K -> {
                for (long i = 0; i < count; i++) {
                    dense.setAtIndex(F32, i, q4k(blocks, i / LENGTH * 144, (int) (i % LENGTH)));
                }
            }
            case Q6_K -> {
                for (long i = 0; i < count; i++) {
                    dense.setAtIndex(F32, i, q6k(blocks, i / LENGTH * 210, (int) (i % LENGTH)));
                }
            }
            default ->
                throw new IllegalArgumentException(slot.name() + ": expected F32, Q4_K or Q6_K, got " + slot.type());
        }
        return dense;
    }

    private static float q4k(MemorySegment blocks, long block, int element) {
        int group = element / 32;
        long scales = block + 4;
        int scale;
        int min;
        if (group < 4) {
            scale = unsigned(blocks, scales + group) & 0x3F;
            min = unsigned(blocks, scales + 4 + group) & 0x3F;
        } else {
            int low = unsigned(blocks, scales + 4 + group);
            scale = low & 0xF | unsigned(blocks, scales + group - 4) >> 6 << 4;
            min = low >> 4 | unsigned(blocks, scales + group) >> 6 << 4;
        }
        int pair = unsigned(blocks, block + 16 + element / 64 * 32 + element % 32);
        int q = group % 2 == 0 ? pair & 0xF : pair >> 4;
        return half(blocks, block) * scale * q - half(blocks, block + 2) * min;
    }

    private static float q6k(MemorySegment blocks, long block, int element) {
        int side = element / 128;
        int row = element % 128 / 32;
        int column = element % 32;
        int low = unsigned(blocks, block + side * 64 + row % 2 * 32 + column) >> row / 2 * 4 & 0xF;
        int high = unsigned(blocks, block + 128 + side * 32 + column) >> row * 2 & 3;
        byte scale = blocks.get(ValueLayout.JAVA_BYTE, block + 192 + element / 16);
        return half(blocks, block + 208) * scale * ((low | high << 4) - 32);
    }

    private static int unsigned(MemorySegment blocks, long offset) {
        return blocks.get(ValueLayout.JAVA_BYTE, offset) & 0xFF;
    }

    private static float half(MemorySegment blocks, long offset) {
        return Float.float16ToFloat(blocks.get(F16, offset));
    }
}
