package dev.ffmstore.formats;

import dev.ffmstore.DType;
import dev.ffmstore.ModelException;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The header of a NumPy array file.
///
/// ```text
/// 0   6 B   \x93NUMPY     6 u8 major, 1 to 3     7 u8 minor
/// 8   u16   n, the size of the dictionary; u32 from version 2 on
///     n B   {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }, blanks, a line feed
///     data
/// ```
///
/// @param descr NumPy's name for the type
/// @param shape row-major, outermost first
/// @param dataOffset where the data starts, in bytes
record NpyHeader(String descr, List<Long> shape, long dataOffset) {
    private static final int PREFIX_BYTES = 12;
    private static final int MOST_BYTES = 64 << 10;
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final Pattern ENTRY =
            Pattern.compile("\\s*+'(\\w++)'\\s*+:\\s*+('[^']*+'|True|False|\\([0-9, ]*+\\))\\s*+(?:,|(?=\\}))");
    private static final Pattern END = Pattern.compile("\\s*+\\}\\s*+");

    private static final Map<String, DType> DTYPES = Map.ofEntries(
            Map.entry("<f4", DType.F32),
            Map.entry("<f2", DType.F16),
            Map.entry("<f8", DType.F64),
            Map.entry("|i1", DType.I8),
            Map.entry("<i2", DType.I16),
            Map.entry("<i4", DType.I32),
            Map.entry("<i8", DType.I64),
            Map.entry("|b1", DType.BOOL),
            Map.entry("|u1", DType.U8),
            Map.entry("<u2", DType.U16),
            Map.entry("<u4", DType.U32),
            Map.entry("<u8", DType.U64),
            Map.entry("<c8", DType.C64),
            Map.entry("<V2", DType.BF16),
            Map.entry("|V2", DType.BF16));

    /// {@return NumPy's name for an element's type; for a type that NumPy lacks, that of unsigned integers of its
    /// size; empty if the elements are smaller than a byte}
    static Optional<String> descr(DType dtype) {
        return switch (dtype) {
            case F4, F6_E2M3, F6_E3M2 -> Optional.empty();
            case BF16 -> Optional.of("<u2");
            case F8_E4M3, F8_E5M2, F8_E8M0 -> Optional.of("|u1");
            default ->
                DTYPES.entrySet().stream()
                        .filter(entry -> entry.getValue() == dtype)
                        .map(Map.Entry::getKey)
                        .findFirst();
        };
    }

    /// {@return the type of the elements, if it is one of ours; NumPy has no name for BF16: two bytes without a
    /// meaning are taken for it}
    Optional<DType> dtype() {
        return Optional.ofNullable(DTYPES.get(descr));
    }

    /// {@return whether the array may hold elements of a type, if an index says that it does}
    boolean holds(DType dtype) {
        return dtype().equals(Optional.of(dtype)) || descr(dtype).equals(Optional.of(descr));
    }

    /// {@return the header of a file}
    ///
    /// @throws ModelException if the header is malformed, or the array is column-major
    static NpyHeader read(Source source) throws IOException {
        if (source.size() < PREFIX_BYTES) {
            throw ModelException.expected(
                    source.name(), PREFIX_BYTES + " bytes at least", source.size(), "too short for a .npy file");
        }
        byte[] prefix = new byte[PREFIX_BYTES];
        MemorySegment fields = MemorySegment.ofArray(prefix);
        source.read(0, fields);
        if (!Arrays.equals(prefix, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw ModelException.expected(
                    source.name(), "\\x93NUMPY at its start", "something else", "is no .npy file");
        }
        int major = prefix[6];
        if (major < 1 || major > 3) {
            throw ModelException.expected(
                    source.name(), "1 to 3", Byte.toUnsignedInt(prefix[6]), "version of the .npy file");
        }
        int start = major == 1 ? 10 : 12;
        long size = major == 1 ? Short.toUnsignedLong(fields.get(U16, 8)) : Integer.toUnsignedLong(fields.get(U32, 8));
        long most = Math.min(MOST_BYTES, source.size() - start);
        if (size > most) {
            throw ModelException.expected(source.name(), "at most " + most, size, "the size of the .npy header");
        }
        byte[] dictionary = new byte[(int) size];
        source.read(start, MemorySegment.ofArray(dictionary));
        return parse(source.name(), new String(dictionary, StandardCharsets.UTF_8), start + size);
    }

    private static NpyHeader parse(String file, String text, long dataOffset) throws ModelException {
        Map<String, String> entries = new HashMap<>();
        int at = text.startsWith("{") ? 1 : 0;
        Matcher entry = ENTRY.matcher(text);
        while (at > 0 && entry.region(at, text.length()).lookingAt()) {
            if (entries.put(entry.group(1), entry.group(2)) != null) {
                throw malformed(file, text);
            }
            at = entry.end();
        }
        boolean ends = at > 0 && END.matcher(text).region(at, text.length()).matches();
        String descr = entries.getOrDefault("descr", "");
        String order = entries.getOrDefault("fortran_order", "");
        String shape = entries.getOrDefault("shape", "");
        if (!ends || entries.size() != 3 || !descr.startsWith("'") || !shape.startsWith("(")) {
            throw malformed(file, text);
        }
        List<Long> dimensions = dimensions(file, shape.substring(1, shape.length() - 1));
        if (!order.equals("False") && !(order.equals("True") && dimensions.size() < 2)) {
            throw ModelException.expected(
                    file, "False: arrays in columns are not read", order, "fortran_order of the array");
        }
        return new NpyHeader(descr.substring(1, descr.length() - 1), dimensions, dataOffset);
    }

    private static List<Long> dimensions(String file, String tuple) throws ModelException {
        try {
            return Arrays.stream(tuple.split(","))
                    .map(String::strip)
                    .filter(number -> !number.isEmpty())
                    .map(Long::valueOf)
                    .toList();
        } catch (NumberFormatException e) {
            throw ModelException.expected(file, "whole numbers below 2^63", tuple, "shape of the array");
        }
    }

    private static ModelException malformed(String file, String text) {
        return ModelException.expected(
                file, "a dictionary of descr, fortran_order and shape", text.strip(), "the .npy header is malformed");
    }
}
