package import Commerce

/// What is done to every event at the door: it is enriched with what the door knows, brought into
/// the form that a pipeline declares, and relieved of what must not be kept.
///
/// All of it happens before the event is written anywhere, to a journal, a store or a log.
package struct ConformRules: Hashable, Sendable {
    /// What marks the traffic of machines, and of the shop's own people.
    package struct Traffic: Hashable, Sendable {
        /// Texts of a `User-Agent` header, in small letters, of which one is enough.
        package var bots: [String] = []
        /// Values of `user_id`.
        package var internalUsers: [String] = []
        /// Names of sources.
        package var internalSources: [String] = []

        package init() {}
    }

    package var personalData: [PersonalDataRule] = []
    /// The currency of a value that came without one.
    package var currency: Currency = .none
    /// The names of events as their clients write them, and what they are called here.
    package var names: [String: String] = [:]
    package var traffic = Traffic()
    /// Where the secret is that digests of personal data need; nil where none is asked for.
    package var secret: SecretPlace?

    /// No rules.
    package init() {}
}

/// Where a secret is: in no pipeline file.
package enum SecretPlace: Hashable, Sendable {
    /// A variable of the environment.
    case environment(String)
    /// A file that holds nothing else.
    case file(String)
}

/// What becomes of a field that says who somebody is, before anything of it is kept.
package struct PersonalDataRule: Hashable, Sendable {
    /// What is done with the value.
    package enum Treatment: String, Hashable, Sendable, CaseIterable {
        /// The field is left out.
        case drop
        /// It becomes a digest that needs the collector's secret, so that equal values stay equal.
        case hash
        /// An address of the Internet loses its host, any other text all but its first characters.
        case truncate
    }

    /// The name of an attribute, or of a member of `data` at any depth; with dots, the path of one
    /// member, such as `data.contact.email`, in each element of an array on the way.
    ///
    /// Large and small letters are the same in it, and `_` and `-` are not there: `userId` is
    /// `user_id`.
    package var field: String
    package var treatment: Treatment
    /// How many characters ``Treatment/truncate`` leaves of a text that is no address.
    package var keep: Int

    package init(field: String, treatment: Treatment, keep: Int = 1) {
        self.field = field
        self.treatment = treatment
        self.keep = keep
    }
}
