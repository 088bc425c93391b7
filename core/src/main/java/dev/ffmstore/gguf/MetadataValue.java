package dev.ffmstore.gguf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.ffmstore.internal.text.Printable;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.NoSuchElementException;

/// One value of a file's metadata.
///
/// Strings and arrays are views of off-heap memory that belongs to whoever opened the file (or to the store that
/// copied them): they can be read until that is closed, from any thread, and throw `IllegalStateException`
/// afterwards. An array of strings keeps the bytes as they are in the file and makes a Java string only when one is
/// asked for.
public sealed interface MetadataValue {

    /// {@return the type as the file states it}
    MetadataType type();

    /// An integer of up to 64 bits.
    ///
    /// @param type one of the eight integer types
    /// @param value the value, sign- or zero-extended; a UINT64 above 2⁶³ − 1 appears as the negative number with
    /// the same bits
    record Int(MetadataType type, long value) implements MetadataValue {
        @Override
        public String toString() {
            return type == MetadataType.UINT64 ? Long.toUnsignedString(value) : Long.toString(value);
        }
    }

    /// A floating-point number.
    ///
    /// @param type FLOAT32 or FLOAT64
    /// @param value the value; a FLOAT32 is widened
    record Real(MetadataType type, double value) implements MetadataValue {
        @Override
        public String toString() {
            return type == MetadataType.FLOAT32 ? Float.toString((float) value) : Double.toString(value);
        }
    }

    /// A truth value; any byte except zero is true.
    ///
    /// @param value the value
    record Bool(boolean value) implements MetadataValue {
        @Override
        public MetadataType type() {
            return MetadataType.BOOL;
        }

        @Override
        public String toString() {
            return Boolean.toString(value);
        }
    }

    /// A string: any bytes, by convention UTF-8.
    final class Text implements MetadataValue {
        private final MemorySegment bytes;

        Text(MemorySegment bytes) {
            this.bytes = bytes.asReadOnly();
        }

        @Override
        public MetadataType type() {
            return MetadataType.STRING;
        }

        /// {@return the bytes of the string as they are in the file, read-only}
        public MemorySegment bytes() {
            return bytes;
        }

        /// {@return the string, with bytes that are not UTF-8 replaced by U+FFFD}
        public String value() {
            return decode(bytes, 0, bytes.byteSize());
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Text that && bytes.mismatch(that.bytes) < 0;
        }

        @Override
        public int hashCode() {
            return value().hashCode();
        }

        @Override
        public String toString() {
            return Printable.escape(value());
        }
    }

    /// An array of values of one type, never nested.
    ///
    /// In memory it is what the file holds: the elements back to back, a string as its length in a u64 and its
    /// bytes. For strings a sparse index keeps the place of every 32nd one, so that access by index walks over at
    /// most 31 others.
    final class Array implements MetadataValue, Iterable<Object> {
        static final int INDEX_STRIDE = 32;

        private static final ValueLayout.OfShort U16 =
                ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        private static final ValueLayout.OfLong U64 =
                ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

        private final MetadataType elementType;
        private final long size;
        private final MemorySegment payload;
        private final long[] stringIndex;

        Array(MetadataType elementType, long size, MemorySegment payload, long[] stringIndex) {
            this.elementType = elementType;
            this.size = size;
            this.payload = payload.asReadOnly();
            this.stringIndex = stringIndex;
        }

        @Override
        public MetadataType type() {
            return MetadataType.ARRAY;
        }

        /// {@return the type of the elements}
        public MetadataType elementType() {
            return elementType;
        }

        /// {@return the number of elements}
        public long size() {
            return size;
        }

        /// {@return the size of all elements together, in bytes, as they are in the file}
        public long byteSize() {
            return payload.byteSize();
        }

        /// {@return an element of an array of integers, as in [Int]}
        ///
        /// @param index 0 to `size()` − 1
        /// @throws IndexOutOfBoundsException if the index is not in that range
        /// @throws IllegalStateException if the elements are not integers
        public long integer(long index) {
            checkIndex(index);
            return switch (elementType) {
                case UINT8 -> Byte.toUnsignedLong(payload.get(JAVA_BYTE, index));
                case INT8 -> payload.get(JAVA_BYTE, index);
                case UINT16 -> Short.toUnsignedLong(payload.get(U16, index * 2));
                case INT16 -> payload.get(U16, index * 2);
                case UINT32 -> Integer.toUnsignedLong(payload.get(U32, index * 4));
                case INT32 -> payload.get(U32, index * 4);
                case UINT64, INT64 -> payload.get(U64, index * 8);
                default -> throw mismatch("integers");
            };
        }

        /// {@return an element of an array of floating-point numbers}
        ///
        /// @param index 0 to `size()` − 1
        /// @throws IndexOutOfBoundsException if the index is not in that range
        /// @throws IllegalStateException if the elements are not floating-point numbers
        public double real(long index) {
            checkIndex(index);
            return switch (elementType) {
                case FLOAT32 -> Float.intBitsToFloat(payload.get(U32, index * 4));
                case FLOAT64 -> Double.longBitsToDouble(payload.get(U64, index * 8));
                default -> throw mismatch("floating-point numbers");
            };
        }

        /// {@return an element of an array of truth values}
        ///
        /// @param index 0 to `size()` − 1
        /// @throws IndexOutOfBoundsException if the index is not in that range
        /// @throws IllegalStateException if the elements are not truth values
        public boolean bool(long index) {
            checkIndex(index);
            if (elementType != MetadataType.BOOL) {
                throw mismatch("truth values");
            }
            return payload.get(JAVA_BYTE, index) != 0;
        }

        /// {@return an element of an array of strings, with bytes that are not UTF-8 replaced by U+FFFD}
        ///
        /// @param index 0 to `size()` − 1
        /// @throws IndexOutOfBoundsException if the index is not in that range
        /// @throws IllegalStateException if the elements are not strings
        public String string(long index) {
            MemorySegment bytes = stringBytes(index);
            return decode(bytes, 0, bytes.byteSize());
        }

        /// {@return the bytes of an element of an array of strings, read-only}
        ///
        /// @param index 0 to `size()` − 1
        /// @throws IndexOutOfBoundsException if the index is not in that range
        /// @throws IllegalStateException if the elements are not strings
        public MemorySegment stringBytes(long index) {
            checkIndex(index);
            if (elementType != MetadataType.STRING) {
                throw mismatch("strings");
            }
            long position = stringIndex[Math.toIntExact(index / INDEX_STRIDE)];
            for (long skip = index % INDEX_STRIDE; skip > 0; skip--) {
                position += Long.BYTES + payload.get(U64, position);
            }
            return payload.asSlice(position + Long.BYTES, payload.get(U64, position));
        }

        /// {@return the elements in order, each made on demand: Long, Double, Boolean or String}
        @Override
        public Iterator<Object> iterator() {
            return new Iterator<>() {
                private long next;
                private long position;

                @Override
                public boolean hasNext() {
                    return next < size;
                }

                @Override
                public Object next() {
                    if (!hasNext()) {
                        throw new NoSuchElementException();
                    }
                    long index = next++;
                    if (elementType != MetadataType.STRING) {
                        return elementType.isInteger()
                                ? (Object) integer(index)
                                : elementType.isFloat() ? (Object) real(index) : (Object) bool(index);
                    }
                    long length = payload.get(U64, position);
                    String text = decode(payload, position + Long.BYTES, length);
                    position += Long.BYTES + length;
                    return text;
                }
            };
        }

        private void checkIndex(long index) {
            if (index < 0 || index >= size) {
                throw new IndexOutOfBoundsException("index " + index + " of an array of " + size);
            }
        }

        private IllegalStateException mismatch(String wanted) {
            return new IllegalStateException("an array of " + elementType + " has no " + wanted);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Array that
                    && elementType == that.elementType
                    && size == that.size
                    && payload.mismatch(that.payload) < 0;
        }

        @Override
        public int hashCode() {
            return 31 * elementType.hashCode() + Long.hashCode(size);
        }

        /// {@return the type of the elements and their number, as `STRING[32000]`}
        @Override
        public String toString() {
            return elementType + "[" + size + "]";
        }
    }

    /// Makes an equal value that does not depend on the memory of this one.
    ///
    /// @param allocator allocates the memory of strings and arrays
    /// @return the copy; this value itself if it refers to no memory
    default MetadataValue copyTo(SegmentAllocator allocator) {
        return switch (this) {
            case Text text -> new Text(copy(text.bytes, allocator));
            case Array array ->
                new Array(array.elementType, array.size, copy(array.payload, allocator), array.stringIndex);
            case Int i -> i;
            case Real r -> r;
            case Bool b -> b;
        };
    }

    /// {@return how much memory [#copyTo] takes, in bytes}
    default long byteSize() {
        return switch (this) {
            case Text text -> text.bytes.byteSize();
            case Array array -> array.payload.byteSize();
            case Int _, Real _, Bool _ -> 0;
        };
    }

    private static MemorySegment copy(MemorySegment bytes, SegmentAllocator allocator) {
        return allocator.allocate(bytes.byteSize()).copyFrom(bytes);
    }

    private static String decode(MemorySegment segment, long offset, long length) {
        byte[] bytes = segment.asSlice(offset, length).toArray(JAVA_BYTE);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
