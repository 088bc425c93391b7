package dev.ffmstore.internal.http;

import java.net.http.HttpHeaders;
import java.util.Optional;

/// What a server says to tell one state of a file from another; either may be empty.
///
/// @param entityTag the header `ETag`, quotes and all
/// @param lastModified the header `Last-Modified`
record Validator(String entityTag, String lastModified) {
    private static final String WEAK = "W/";

    /// {@return the validator of a response}
    static Validator of(HttpHeaders headers) {
        return new Validator(
                headers.firstValue("ETag").orElse("").strip(),
                headers.firstValue("Last-Modified").orElse("").strip());
    }

    /// {@return the value of the header `If-Range`, which takes a strong entity tag or a date}
    Optional<String> ifRange() {
        String value = entityTag.isEmpty() || entityTag.startsWith(WEAK) ? lastModified : entityTag;
        boolean sendable = !value.isEmpty() && value.chars().allMatch(c -> c >= ' ' && c < 0x7F);
        return sendable ? Optional.of(value) : Optional.empty();
    }

    /// {@return whether a later response may be of the same state; what it leaves out does not count}
    boolean agreesWith(Validator later) {
        if (!entityTag.isEmpty() && !later.entityTag.isEmpty()) {
            return entityTag.equals(later.entityTag);
        }
        return lastModified.isEmpty() || later.lastModified.isEmpty() || lastModified.equals(later.lastModified);
    }

    /// {@return the entity tag, or the date, or nothing}
    @Override
    public String toString() {
        return entityTag.isEmpty() ? lastModified : entityTag;
    }
}
