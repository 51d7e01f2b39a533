import MongoDBStores
import Stages
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
        "mongodb://h/shop?appName=u:s3cr3t@h", "mongodb://u:s3cr3t@h/a%20b",
        "mongodb://u:s3%zzcr3t@h/shop", "mongodb://u:s3cr3t@h:port/shop",
        "mongodb://u:s3:cr3t@h/shop", "mongodb://u:s3cr3t@h/sh op.x", "mongodb://u:s3cr3t@h/a$b",
    ])
    func `of a malformed URL nothing is repeated that may be a password`(url: String) async {
        let error = await #expect(throws: StoreError.self, "\(url)") {
            let location = try #require(try MongoDBLocation(url: url))
            _ = try await MongoDBRawStore(location)
        }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("s3") == false && error?.message.contains("cr3t") == false)
        #expect(error?.message.contains("expected mongodb://") == true)
    }

    @Test(arguments: [
        ("retryWirtes=true", "\"retryWirtes\""), ("w=0", "w=majority"),
        ("maxPoolSize=65", "from 1 to 64"),
    ])
    func `an option that cannot be followed is named`(option: String, text: String) async throws {
        let location = try #require(try MongoDBLocation(url: "mongodb://u:s3cr3t@h/shop?\(option)"))
        let error = await #expect(throws: StoreError.self) { try await MongoDBRawStore(location) }
        #expect(error?.code == .refused)
        #expect(error?.message.contains(text) == true, "\(String(describing: error))")
        #expect(error?.message.contains("s3cr3t") == false)
    }
}
