package dev.ffmstore.gguf;

import dev.ffmstore.ggml.GgmlType;
import dev.ffmstore.internal.text.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads and validates the tensor infos of a header.
///
/// ```text
/// { name string │ rank u32 │ rank × dimension u64, innermost first │ type u32 │ offset u64 }   for each tensor
/// ```
///
/// A tensor whose type is not read takes the place up to the next tensor, or the end of the file.
final class TensorInfoParser {
    private static final int MAX_RANK = 8;

    /// The longest name and the largest rank that ggml's own reader takes.
    private static final int GGML_NAME_BYTES = 63;

    private static final int GGML_RANK = 4;

    /// How many tensors are named in warnings of one kind.
    private static final int MOST_NAMED = 64;

    private final HeaderCursor cursor;
    private final GgufOptions options;
    private final TensorTable table;
    private final Kind longNames = new Kind();
    private final Kind highRanks = new Kind();
    private final Kind foreign = new Kind();

    /// Where the first info starts in the file.
    private long start;

    /// Tensors that are odd in one way, the first of them by name.
    private static final class Kind {
        final List<String> first = new ArrayList<>();
        int count;

        void add(String tensor) {
            if (count < MOST_NAMED) {
                first.add(tensor);
            }
            count++;
        }

        /// Warns of all in one sentence, if there are any.
        ///
        /// @param what what is odd, after the names of the tensors
        void warnOf(String what, List<String> warnings) {
            if (count > 0) {
                warnings.add(Problem.fill(
                        "tensor {}{} {}: ggml refuses the file",
                        first.getFirst(),
                        Problem.printable(count == 1 ? "" : " and " + (count - 1) + " more"),
                        Problem.printable(what)));
            }
        }
    }

    TensorInfoParser(HeaderCursor cursor, GgufOptions options, TensorTable table) {
        this.cursor = cursor;
        this.options = options;
        this.table = table;
    }

    /// Reads the infos, one after the other.
    void read(long count) throws IOException {
        start = cursor.position();
        for (long i = 0; i < count; i++) {
            readInfo();
        }
    }

    private void readInfo() throws IOException {
        long infoOffset = cursor.position();
        String name = cursor.identifier("a tensor name", options.maxNameBytes(), " (--max-name-bytes)");
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        if (nameBytes.length > GGML_NAME_BYTES) {
            longNames.add(name);
        }
        long dimensionsOffset = cursor.position() + Integer.BYTES;
        long[] dimensions = dimensions(name);
        if (dimensions.length > GGML_RANK) {
            highRanks.add(name);
        }
        long typeOffset = cursor.position();
        int typeId = cursor.u32("the type of tensor {}", name);
        if (typeId < 0) {
            throw cursor.fail(typeOffset, "a type id", typeId, "tensor {} has a negative type", name);
        }
        requireSize(name, dimensionsOffset, dimensions, GgmlType.ofId(typeId).orElse(null));
        long offset = cursor.u64("the offset of tensor {}", name);
        if (!table.add(nameBytes, dimensions, typeId, offset)) {
            throw cursor.fail(infoOffset, null, null, "tensor {} occurs twice", name);
        }
    }

    private long[] dimensions(String tensor) throws IOException {
        long rankOffset = cursor.position();
        int rank = cursor.u32("the rank of tensor {}", tensor);
        if (rank < 0 || rank > MAX_RANK) {
            throw cursor.fail(
                    rankOffset,
                    MAX_RANK + " at most",
                    Integer.toUnsignedString(rank),
                    "tensor {} has too many dimensions",
                    tensor);
        }
        long[] dimensions = new long[rank];
        for (int i = rank - 1; i >= 0; i--) {
            long offset = cursor.position();
            dimensions[i] = cursor.u64("the dimensions of tensor {}", tensor);
            if (dimensions[i] < 0) {
                throw cursor.fail(
                        offset,
                        "0 to 2^63 - 1",
                        Long.toUnsignedString(dimensions[i]),
                        "tensor {} has a dimension out of range",
                        tensor);
            }
        }
        return dimensions;
    }

    /// Makes sure that rows are whole blocks, and that no size is out of range.
    ///
    /// @param type the type; null if it is not read
    private void requireSize(String tensor, long offset, long[] dimensions, @Nullable GgmlType type)
            throws GgufException {
        try {
            Shape shape = Shape.of(dimensions);
            long product = Arrays.stream(dimensions).map(d -> Math.max(1, d)).reduce(1, Math::multiplyExact);
            if (type == null) {
                return;
            }
            Math.multiplyExact(product, type.denseElementBytes());
            if (shape.rowLength() % type.blockLength() != 0) {
                throw cursor.fail(
                        offset,
                        "a row length that is a multiple of " + type.blockLength(),
                        shape.rowLength(),
                        "tensor {} has rows that are not whole blocks of {}",
                        tensor,
                        type);
            }
            long byteSize = Math.multiplyExact(shape.elementCount() / type.blockLength(), type.blockBytes());
            GgufParser.alignUp(byteSize, GgufParser.MAX_ALIGNMENT);
        } catch (ArithmeticException e) {
            throw cursor.fail(
                    offset,
                    "a size below 2^63 bytes",
                    (type == null ? "" : type + " ") + Arrays.toString(dimensions),
                    "tensor {} is larger than a signed 64-bit size",
                    tensor);
        }
    }

    /// Makes sure that all tensors are in the file and none overlaps another, and finds out how far those reach
    /// whose type is not read.
    ///
    /// @param dataOffset where the data starts in the file; may be past its end
    /// @param warnings gets what is odd
    /// @return the tensors
    TensorTable place(long dataOffset, int alignment, List<String> warnings) throws GgufException {
        table.setDataOffset(dataOffset);
        long available = Math.max(0, cursor.sourceSize() - dataOffset);
        requireInside(available, alignment);
        requireApart(dataOffset, available, alignment);
        longNames.warnOf(
                "ha" + (longNames.count == 1 ? "s a name" : "ve names") + " of more than " + GGML_NAME_BYTES + " bytes",
                warnings);
        highRanks.warnOf(
                "ha" + (highRanks.count == 1 ? "s" : "ve") + " more than " + GGML_RANK + " dimensions", warnings);
        warnings.addAll(foreign.first);
        if (foreign.count > MOST_NAMED) {
            warnings.add(foreign.count - MOST_NAMED + " more tensors have types that are not read");
        }
        warnOfLayout(dataOffset, alignment, warnings);
        return table;
    }

    private void requireInside(long available, int alignment) throws GgufException {
        for (int i = 0; i < table.size(); i++) {
            long offset = table.offset(i);
            if ((offset & (alignment - 1)) != 0) {
                throw cursor.fail(
                        offsetPosition(i),
                        "an offset that is a multiple of " + alignment,
                        Long.toUnsignedString(offset),
                        "tensor {} is not aligned",
                        table.name(i));
            }
            boolean starts = offset >= 0 && offset <= available;
            if (!starts || table.byteSize(i) > available - offset && !explains(i, available - offset, alignment)) {
                throw cursor.fail(
                        offsetPosition(i),
                        table.byteSize(i) + " bytes within the " + available + " bytes of data",
                        "data offset " + Long.toUnsignedString(offset),
                        "tensor {} is not inside the file, which may be cut short",
                        table.name(i));
            }
        }
    }

    /// {@return where the offset of a tensor is in the file, for messages: the last field of its info}
    private long offsetPosition(int tensor) {
        long end = start;
        for (int i = 0; i <= tensor; i++) {
            end += infoBytes(i);
        }
        return end - Long.BYTES;
    }

    /// {@return how long the info of a tensor is in the file}
    private long infoBytes(int tensor) {
        return Long.BYTES
                + table.nameLength(tensor)
                + Integer.BYTES
                + (long) table.shape(tensor).rank() * Long.BYTES
                + Integer.BYTES
                + Long.BYTES;
    }

    private boolean explains(int tensor, long room, int alignment) {
        return ForeignType.explains(table.typeId(tensor), table.shape(tensor), room, alignment);
    }

    /// Goes through the tensors from the last one in the file to the first, so that each knows where the next one
    /// starts. Empty tensors may be anywhere.
    private void requireApart(long dataOffset, long available, int alignment) throws GgufException {
        long next = available;
        int nextTensor = -1;
        int[] order = table.byOffset();
        for (int k = order.length - 1; k >= 0; k--) {
            int tensor = order[k];
            boolean isKnown = GgmlType.ofId(table.typeId(tensor)).isPresent();
            if (isKnown && table.byteSize(tensor) == 0) {
                continue;
            }
            long room = next - table.offset(tensor);
            if (!isKnown || table.byteSize(tensor) > room) {
                if (isKnown && !explains(tensor, room, alignment)) {
                    throw cursor.fail(
                            dataOffset + next,
                            "data from offset " + (dataOffset + table.offset(tensor) + table.byteSize(tensor)) + " on",
                            dataOffset + next,
                            "tensors {} and {} overlap",
                            table.name(tensor),
                            table.name(nextTensor));
                }
                ForeignType type = ForeignType.of(table.typeId(tensor), table.shape(tensor), room, alignment);
                table.setForeign(tensor, type, room);
                foreign.add(type.problem(table.name(tensor)));
            }
            next = table.offset(tensor);
            nextTensor = tensor;
        }
    }

    /// Warns of a layout that ggml refuses: it wants the data of the tensors in the order of their infos, each
    /// padded to the alignment, without gaps.
    private void warnOfLayout(long dataOffset, int alignment, List<String> warnings) {
        long expected = 0;
        for (int i = 0; i < table.size(); i++) {
            if (table.offset(i) != expected) {
                warnings.add(Problem.fill(
                        "the data of tensor {} is at offset {} where ggml expects {} (gap or other order):"
                                + " ggml refuses the file",
                        table.name(i),
                        dataOffset + table.offset(i),
                        dataOffset + expected));
                return;
            }
            expected += GgufParser.alignUp(table.byteSize(i), alignment);
        }
        if (table.size() > 0 && dataOffset + expected > cursor.sourceSize()) {
            warnings.add("the last tensor is not padded to the alignment: ggml may refuse the file");
        }
    }
}
