import HTTPServing
import Testing

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ("8080", "127.0.0.1:8080"), ("localhost:1", "localhost:1"), ("[::1]:9", "[::1]:9"),
        ("0.0.0.0:0", "0.0.0.0:0"), ("my-host.example:65535", "my-host.example:65535"),
    ])
    func `an address is a host and a port, or a port alone`(text: String, written: String) {
        #expect(ListenAddress(text)?.description == written)
    }

    @Test(arguments: [
        "", ":", ":80", "host", "host:", "host:65536", "host:-1", "::1:80", "[::1]", "a b:80",
        "http://127.0.0.1:80", "host:80/metrics", "host:8o",
    ])
    func `what is not an address is none`(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test(arguments: ["127.0.0.1", "127.255.0.9", "localhost", "[::1]"])
    func `loopback is what only this machine reaches`(host: String) throws {
        #expect(try #require(ListenAddress("\(host):80")).isLoopback)
    }

    @Test(arguments: [
        "0.0.0.0", "[::]", "10.0.0.1", "127.1", "127.0.0.256", "127.example.com",
        "127.0.0.1.example.com", "localhost.example.com", "1270.0.1",
    ])
    func `anything else is taken to be reachable by others`(host: String) throws {
        #expect(try #require(ListenAddress("\(host):80")).isLoopback == false)
    }
}
