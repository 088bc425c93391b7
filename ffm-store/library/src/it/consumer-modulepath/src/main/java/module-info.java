module example.consumer {
    requires dev.ffmstore;
}
