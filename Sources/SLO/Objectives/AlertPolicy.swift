/// What to watch of an objective, and whom to tell: the OpenSLO `AlertPolicy`, resolved.
///
/// OpenSLO has one condition in a policy; several rules come from our annotations.
package struct AlertPolicy: Hashable, Sendable {
    package var name: String
    package var displayName: String?
    package var description: String?
    package var rules: [AlertRule]
    package var alertWhenNoData: Bool
    package var alertWhenResolved: Bool
    package var alertWhenBreaching: Bool
    package var targets: [NotificationTarget]

    package init(
        name: String,
        displayName: String? = nil,
        description: String? = nil,
        rules: [AlertRule],
        alertWhenNoData: Bool = false,
        alertWhenResolved: Bool = false,
        alertWhenBreaching: Bool = true,
        targets: [NotificationTarget] = []
    ) {
        self.name = name
        self.displayName = displayName
        self.description = description
        self.rules = rules
        self.alertWhenNoData = alertWhenNoData
        self.alertWhenResolved = alertWhenResolved
        self.alertWhenBreaching = alertWhenBreaching
        self.targets = targets
    }
}

/// Somebody to tell: the OpenSLO `AlertNotificationTarget`.
package struct NotificationTarget: Hashable, Sendable {
    package var name: String
    /// Free text, such as `slack` or `webhook`.
    package var target: String

    package init(name: String, target: String) {
        self.name = name
        self.target = target
    }
}
