package dev.ffmstore.gguf;

import dev.ffmstore.internal.text.Problem;
import java.lang.foreign.SegmentAllocator;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.SequencedMap;

/// The metadata of a file: keys and values, in the file's order.
///
/// The typed accessors throw `NoSuchElementException` for a missing key, naming it, and `IllegalStateException` for
/// a value of another type, naming both; each except `array` has a twin that takes a default for a missing key.
/// Immutable, and usable by any thread; its memory belongs to whoever opened the file (see [MetadataValue]).
public final class Metadata {
    private static final Metadata EMPTY = new Metadata(new LinkedHashMap<>());

    private final SequencedMap<String, MetadataValue> values;

    Metadata(SequencedMap<String, MetadataValue> values) {
        this.values = Collections.unmodifiableSequencedMap(values);
    }

    /// {@return metadata without any keys, for models of formats that have none}
    public static Metadata empty() {
        return EMPTY;
    }

    /// {@return all keys and values, in the file's order, unmodifiable}
    public SequencedMap<String, MetadataValue> asMap() {
        return values;
    }

    /// {@return whether there is a value for a key}
    public boolean contains(String key) {
        return values.containsKey(key);
    }

    /// {@return the value of a key, or empty}
    public Optional<MetadataValue> find(String key) {
        return Optional.ofNullable(values.get(key));
    }

    /// {@return the value of a key}
    ///
    /// @throws NoSuchElementException if there is no such key
    public MetadataValue get(String key) {
        MetadataValue value = values.get(key);
        if (value == null) {
            throw new NoSuchElementException(Problem.fill("no metadata key {}", key));
        }
        return value;
    }

    /// {@return the value of a key that is a string}
    public String string(String key) {
        return get(key) instanceof MetadataValue.Text text ? text.value() : fail(key, "a string");
    }

    /// {@return the value of a key that is a string, or the default if there is no such key}
    public String string(String key, String defaultValue) {
        return contains(key) ? string(key) : defaultValue;
    }

    /// {@return the value of a key that is an integer of any width, as in [MetadataValue.Int]}
    public long integer(String key) {
        return get(key) instanceof MetadataValue.Int number ? number.value() : fail(key, "an integer");
    }

    /// {@return the value of a key that is an integer of any width, or the default if there is no such key}
    public long integer(String key, long defaultValue) {
        return contains(key) ? integer(key) : defaultValue;
    }

    /// {@return the value of a key that is a floating-point number of either width}
    public double real(String key) {
        return get(key) instanceof MetadataValue.Real number ? number.value() : fail(key, "a floating-point number");
    }

    /// {@return the value of a key that is a floating-point number of either width, or the default if there is no
    /// such key}
    public double real(String key, double defaultValue) {
        return contains(key) ? real(key) : defaultValue;
    }

    /// {@return the value of a key that is a truth value}
    public boolean bool(String key) {
        return get(key) instanceof MetadataValue.Bool bool ? bool.value() : fail(key, "a truth value");
    }

    /// {@return the value of a key that is a truth value, or the default if there is no such key}
    public boolean bool(String key, boolean defaultValue) {
        return contains(key) ? bool(key) : defaultValue;
    }

    /// {@return the value of a key that is an array}
    public MetadataValue.Array array(String key) {
        return get(key) instanceof MetadataValue.Array array ? array : fail(key, "an array");
    }

    @SuppressWarnings("TypeParameterUnusedInFormals") // never returns: of any type, to fit any expression
    private <T> T fail(String key, String wanted) {
        throw new IllegalStateException(Problem.fill("metadata key {} is not {} but {}", key, wanted, get(key).type()));
    }

    /// {@return how much memory [#copyTo] takes, in bytes: the size of all strings and arrays}
    public long byteSize() {
        return values.values().stream().mapToLong(MetadataValue::byteSize).sum();
    }

    /// Makes an equal copy whose strings and arrays are in the caller's memory and outlive the file.
    ///
    /// @param allocator allocates the memory of the copy
    /// @return the copy, valid as long as the memory of `allocator`
    public Metadata copyTo(SegmentAllocator allocator) {
        LinkedHashMap<String, MetadataValue> copies = new LinkedHashMap<>();
        for (Map.Entry<String, MetadataValue> entry : values.entrySet()) {
            copies.put(entry.getKey(), entry.getValue().copyTo(allocator));
        }
        return new Metadata(copies);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Metadata that
                && values.equals(that.values)
                && Arrays.equals(values.keySet().toArray(), that.values.keySet().toArray());
    }

    @Override
    public int hashCode() {
        return values.keySet().hashCode();
    }

    @Override
    public String toString() {
        return values.size() + " keys";
    }
}
