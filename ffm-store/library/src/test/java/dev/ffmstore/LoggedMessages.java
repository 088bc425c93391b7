package dev.ffmstore;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/// What a logger has been told since this was made, instead of its printing it.
final class LoggedMessages extends Handler implements AutoCloseable {
    private final List<String> messages = new CopyOnWriteArrayList<>();
    private final Logger logger;

    private LoggedMessages(Logger logger) {
        this.logger = logger; // kept, or the logger and its handler would be collected
    }

    static LoggedMessages of(String loggerName) {
        LoggedMessages logged = new LoggedMessages(Logger.getLogger(loggerName));
        logged.logger.addHandler(logged);
        logged.logger.setUseParentHandlers(false);
        return logged;
    }

    /// {@return level and text of each message}
    List<String> messages() {
        return messages;
    }

    @Override
    public void publish(LogRecord logged) {
        messages.add(logged.getLevel() + " " + logged.getMessage());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        logger.removeHandler(this);
        logger.setUseParentHandlers(true);
    }
}
