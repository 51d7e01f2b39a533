package import Broker
package import Commerce
package import Documents
package import Timekeeping

/// A pipeline as its file describes it: `apiVersion: weir/v1`, `kind: Pipeline`.
///
/// Every name in it that refers to something refers to something that is there, and nothing in
/// it is out of range: ``parse(text:file:)`` sees to that.
package struct PipelineDocument: Hashable, Sendable {
    /// A team.
    package struct Owner: Hashable, Sendable {
        package var name: String
        /// How the team is reached, as the user wrote it.
        package var contact: String?

        package init(name: String, contact: String? = nil) {
            self.name = name
            self.contact = contact
        }
    }

    /// What producers publish to and subscriptions read from.
    package struct Topic: Hashable, Sendable {
        package var name: String
        package var owner: String?
        /// How long acknowledged messages are kept to be seeked back to; nil for not at all.
        package var messageRetention: Duration?

        package init(name: String, owner: String? = nil, messageRetention: Duration? = nil) {
            self.name = name
            self.owner = owner
            self.messageRetention = messageRetention
        }
    }

    /// One reader's view of a topic, in Pub/Sub's terms.
    package struct Subscription: Hashable, Sendable {
        package var name: String
        package var topic: String
        package var owner: String?
        package var filter: AttributeFilter?
        /// How messages are delivered; what the document does not say is the broker's default.
        package var policy = SubscriptionPolicy()

        /// A subscription with all the defaults.
        package init(name: String, topic: String) {
            self.name = name
            self.topic = topic
        }
    }

    /// A place that stages write to.
    package struct Store: Hashable, Sendable {
        /// What a store holds.
        package enum Role: String, Sendable, CaseIterable {
            /// Every event as it came.
            case raw
            /// Aggregates.
            case warehouse
        }

        package var name: String
        package var role: Role
        /// Its scheme chooses the adapter.
        package var url: String
        package var owner: String?
        /// The keys that raw events are to be found by.
        package var indexes = BusinessKey.allCases
        /// How long its calls take in virtual time; nil for no time.
        package var serviceTime: ServiceTime?

        package init(name: String, role: Role, url: String, owner: String? = nil) {
            self.name = name
            self.role = role
            self.url = url
            self.owner = owner
        }
    }

    /// What a person looks an event up by.
    package enum BusinessKey: String, Sendable, CaseIterable {
        case order
        case user
        case session
        case product
    }

    /// Something that stages or other services call.
    package struct Service: Hashable, Sendable {
        package var name: String
        package var owner: String?
        /// Names of services.
        package var calls: [String] = []

        package init(name: String, owner: String? = nil, calls: [String] = []) {
            self.name = name
            self.owner = owner
            self.calls = calls
        }
    }

    /// What an event must satisfy to be stored and counted.
    package struct Validation: Hashable, Sendable {
        package var earliest = EventRules.standard.earliest
        package var aheadLimit = EventRules.standard.aheadLimit
        /// What becomes of a line of a log's event with no pieces.
        package var zeroQuantity = LogOptions.ZeroQuantity.dropItem

        package init() {}

        /// The same as the rules that stages apply.
        package var rules: EventRules {
            EventRules(earliest: earliest, aheadLimit: aheadLimit)
        }
    }

    /// The shop and how its visitors behave.
    package struct Traffic: Hashable, Sendable {
        /// How events come about.
        package enum Model: Hashable, Sendable {
            /// Shoppers walk the shop.
            case sessions(SessionOptions)
            /// Independent events.
            case mix(MixOptions)
        }

        package var shop = ShopOptions()
        package var model = Model.sessions(SessionOptions())

        package init() {}
    }

    /// `metadata.name`.
    package var name: String
    package var owners: [Owner] = []
    package var topics: [Topic] = []
    package var subscriptions: [Subscription] = []
    package var stages: [Stage] = []
    package var stores: [Store] = []
    package var services: [Service] = []
    package var load = LoadProfile(shape: .constant(rate: 1000), arrivals: .poisson)
    package var traffic = Traffic()
    /// How a CSV input is read; nil where the document does not say.
    package var csv: CSVMapping?
    package var validation = Validation()
    /// Paths of OpenSLO documents, as the user wrote them.
    package var objectives: [String] = []
    /// What is allowed but hardly meant, such as a topic that nothing reads.
    package var warnings: [Mistake] = []

    /// An empty pipeline of this name.
    package init(name: String) {
        self.name = name
    }
}
