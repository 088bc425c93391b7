package dev.ffmstore.internal.http;

import java.net.ProxySelector;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/// The HTTP client of all sources that are open, so that the parts of a model share connections. It is made when
/// the first source is opened, and shut down when the last one is closed. Any thread may use it.
final class SharedClient {
    /// What clients differ in.
    private record Kind(Duration connectTimeout, Optional<SSLContext> tls) {
        static Kind of(HttpSettings settings) {
            return new Kind(settings.connectTimeout(), settings.tls());
        }
    }

    private static final Map<Kind, SharedClient> OPEN = new HashMap<>();

    private final HttpClient client;
    private int users;

    private SharedClient(HttpClient client) {
        this.client = client;
    }

    /// {@return the client, which the caller gives back once, with the same settings}
    static HttpClient take(HttpSettings settings) {
        synchronized (OPEN) {
            SharedClient shared = OPEN.computeIfAbsent(Kind.of(settings), _ -> new SharedClient(newClient(settings)));
            shared.users++;
            return shared.client;
        }
    }

    /// Gives the client back.
    static void giveBack(HttpSettings settings) {
        synchronized (OPEN) {
            SharedClient shared = OPEN.get(Kind.of(settings));
            if (shared != null && --shared.users == 0) {
                OPEN.remove(Kind.of(settings));
                shared.client.shutdownNow();
            }
        }
    }

    private static HttpClient newClient(HttpSettings settings) {
        HttpClient.Builder builder = HttpClient.newBuilder()
                .connectTimeout(settings.connectTimeout())
                .followRedirects(HttpClient.Redirect.NEVER); // they are followed by RemoteFile, which knows the rules
        settings.tls().ifPresent(builder::sslContext);
        ProxySelector proxies = ProxySelector.getDefault();
        if (proxies != null) {
            builder.proxy(proxies);
        }
        return builder.build();
    }
}
