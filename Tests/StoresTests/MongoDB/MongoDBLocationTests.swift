import MongoDBStores
import Storage
import Testing

struct MongoDBLocationTests {
    @Test(arguments: [
        ("mongodb://h", "MongoDB at h, database weir"),
        ("mongodb://h:1/", "MongoDB at h:1, database weir"),
        ("mongodb://a:1,b:2/shop?w=1&tls=true", "MongoDB at a:1,b:2, database shop"),
        ("mongodb://u:s3cr3t@h/shop", "MongoDB at h, database shop"),
        ("mongodb://u:s3%2Fcr@h?authSource=admin", "MongoDB at h, database weir"),
        ("mongodb+srv://u:s3cr3t@h/shop", "MongoDB at h, database shop"),
        ("mongodb://[::1]:27017/shop", "MongoDB at [::1]:27017, database shop"),
        // The form in which Azure's portal gives it.
        (
            "mongodb://acct:s3cr3t==@acct.mongo.cosmos.azure.com:10255/?ssl=true"
                + "&replicaSet=globaldb&retrywrites=false&maxIdleTimeMS=120000&appName=@acct@",
            "MongoDB at acct.mongo.cosmos.azure.com:10255, database weir"
        ),
        ("mongodb://h?appName=@a@", "MongoDB at h, database weir"),
        ("mongodb://h/shop?appName=u:s3cr3t@h", "MongoDB at h, database shop"),
        ("mongodb://h/shop?ssl=true&tls=true", "MongoDB at h, database shop"),
    ])
    func `a location shows its hosts and its database, and nothing else`(
        url: String,
        description: String
    ) throws {
        let location = try #require(try MongoDBLocation(url: url))
        #expect("\(location)" == description)
        var dumped = ""
        dump(location, to: &dumped)
        for text in [dumped, String(reflecting: location), "\(Optional(location) as Any)"] {
            #expect(!text.contains("s3"), "\(text)")
        }
    }

    @Test(arguments: [
        "memory:", "sqlite:mongodb://h", "postgresql://h/weir", "mongodb", "mongodb:", "",
    ])
    func `another store's URL is none of ours`(url: String) throws {
        let location = try MongoDBLocation(url: url)
        #expect(location == nil)
    }

    @Test(arguments: [
        "mongodb://", "mongodb://u:s3cr3t@", "mongodb://u:s3cr3t@/shop",
        "mongodb://u:s3/cr3t@h/shop",
        "mongodb://u:s3?cr3t@h", "mongodb://u:s3@cr3t@h", "mongodb://u:s3#cr3t@h",
        "mongodb://h/shop?u:s3cr3t@h", "mongodb://u:s3cr3t@h/a%20b",
        "mongodb://u:s3%zzcr3t@h/shop", "mongodb://u:s3cr3t@h:port/shop",
        "mongodb://u:s3:cr3t@h/shop", "mongodb://u:s3cr3t@h/sh op.x", "mongodb://u:s3cr3t@h/a$b",
    ])
    func `of a malformed URL nothing is repeated that may be a password`(url: String) async {
        let error = await #expect(throws: StoreError.self, "\(url)") {
            let location = try #require(try MongoDBLocation(url: url))
            _ = try await MongoDBRawStore(location)
        }
        #expect(error?.code == .wrongURL)
        #expect(error?.message.contains("s3") == false && error?.message.contains("cr3t") == false)
        #expect(error?.message.contains("expected mongodb://") == true)
    }

    /// One sentence a mistake, which tells it from the others.
    @Test(arguments: [
        ("mongodb://u:s3@cr3t@h/shop", "has one of @ / ? # as it is in its user or password"),
        ("mongodb://u:s3/cr3t@h/shop", "has one of @ / ? # as it is in its user or password"),
        ("mongodb://u:s3?cr3t@h", "has one of @ / ? # as it is in its user or password"),
        ("mongodb://u:12?s3=cr3t@h", "has one of @ / ? # as it is in its user or password"),
        ("mongodb://u:s3#cr3t@h", "has one of @ / ? # as it is in its user or password"),
        ("mongodb://u:s3:cr3t@h/shop", "has a : as it is in its password"),
        ("mongodb://:s3cr3t@h/shop", "has a password and no user"),
        ("mongodb://u:s3%zzcr3t@h/shop", "has a % in its user or password"),
        ("mongodb://u:s3cr3t@h:port/shop", "has a port that is not a number from 1 to 65535"),
        ("mongodb://u:s3cr3t@h:0/shop", "has a port that is not a number from 1 to 65535"),
        ("mongodb://u:s3cr3t@h:65536/shop", "has a port that is not a number from 1 to 65535"),
        ("mongodb://u:s3cr3t@a:1,b:x/shop", "has a port that is not a number from 1 to 65535"),
        ("mongodb+srv://u:s3cr3t@h:27017/shop", "has a port, and mongodb+srv:// takes the ports"),
        ("mongodb+srv://u:s3cr3t@a,b/shop", "names several hosts, and mongodb+srv:// takes one"),
        ("mongodb://u:s3cr3t@/shop", "lacks a host"),
        ("mongodb://u:s3cr3t@h/a.b", "names a database that cannot be"),
        ("mongodb://u:s3cr3t@h/shop?s3cr3t", "has an option without a name or a value"),
        ("mongodb://h/shop?ssl=true&tls=false", "says one thing with ssl and another with tls"),
    ])
    func `a malformed URL has one precise sentence`(url: String, sentence: String) {
        let error = #expect(throws: StoreError.self, "\(url)") { try MongoDBLocation(url: url) }
        #expect(
            error?.message.contains("store \(sentence)") == true,
            "\(String(describing: error))"
        )
        #expect(error?.message.contains("s3") == false)
    }

    @Test func `the driver takes an @ in an option`() async throws {
        let url = "mongodb://127.0.0.1:1/?ssl=false&serverSelectionTimeoutMS=50&appName=@acct@"
        let location = try #require(try MongoDBLocation(url: url))
        let error = await #expect(throws: StoreError.self) { try await MongoDBRawStore(location) }
        // It was read, and nobody listens there.
        #expect(error?.code == .unavailable, "\(String(describing: error))")
    }

    @Test(arguments: [
        ("retryWirtes=true", "\"retryWirtes\""), ("w=0", "w=majority"),
        ("maxPoolSize=65", "from 1 to 64"),
    ])
    func `an option that cannot be followed is named`(option: String, text: String) async throws {
        let location = try #require(try MongoDBLocation(url: "mongodb://u:s3cr3t@h/shop?\(option)"))
        let error = await #expect(throws: StoreError.self) { try await MongoDBRawStore(location) }
        #expect(error?.code == .wrongURL)
        #expect(error?.message.contains(text) == true, "\(String(describing: error))")
        #expect(error?.message.contains("s3cr3t") == false)
    }
}
