package dev.ffmstore.internal.http;

import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A secret that one hub is shown, and nobody else: never over plain HTTP, and never after a redirect to another
/// server. No message holds it. Immutable.
final class BearerToken {
    /// The environment variable that holds the token.
    static final String VARIABLE = "HF_TOKEN";

    /// The system property that names another host for which the token is meant, as HOST or HOST:PORT.
    static final String HOST_PROPERTY = "ffmstore.http.tokenHost";

    private static final String HUB = "huggingface.co";
    private static final int HTTPS_PORT = 443;

    private final String secret;
    private final Optional<String> onlyHost;

    private BearerToken(String secret, Optional<String> onlyHost) {
        this.secret = secret;
        this.onlyHost = onlyHost;
    }

    /// {@return the token of a secret, or none}
    ///
    /// @param secret the token; white space around it does not count
    /// @param host the one host, as HOST or HOST:PORT, for which it is meant; null for the hub and its subdomains
    static Optional<BearerToken> of(@Nullable String secret, @Nullable String host) {
        if (secret == null || secret.isBlank()) {
            return Optional.empty();
        }
        return Optional.of(new BearerToken(
                secret.strip(),
                Optional.ofNullable(host)
                        .filter(its -> !its.isBlank())
                        .map(its -> its.strip().toLowerCase(Locale.ROOT))));
    }

    /// {@return the token of this process}
    static Optional<BearerToken> ofThisProcess() {
        return of(System.getenv(VARIABLE), System.getProperty(HOST_PROPERTY));
    }

    /// {@return whether the token is meant for the server of a URL, and may be sent there}
    boolean isFor(RemoteUrl url) {
        if (!url.isSecure()) {
            return false;
        }
        if (onlyHost.isPresent()) {
            String wanted = onlyHost.get();
            return wanted.equals(url.host() + ":" + url.port())
                    || wanted.equals(url.host()) && url.port() == HTTPS_PORT;
        }
        return url.port() == HTTPS_PORT && (url.host().equals(HUB) || url.host().endsWith("." + HUB));
    }

    /// {@return whether it has only characters that a header may have}
    boolean isWellFormed() {
        return secret.chars().allMatch(c -> c > 0x20 && c < 0x7F);
    }

    /// {@return the value of the header `Authorization`}
    String header() {
        return "Bearer " + secret;
    }

    /// {@return not the secret}
    @Override
    public String toString() {
        return "a token";
    }
}
