//! The six departments of the demonstration: five housing provident fund
//! centres and the inspectorate that looks at them. All of them are invented:
//! the bodies of their credit codes (`X00000nn`) are never assigned.

/// One department of the demonstration network.
#[derive(Clone, Copy, Debug)]
pub struct Centre {
    /// Short name: its folder, its host (`gz.localhost`), its accounts' prefix.
    pub short: &'static str,
    /// Unified social credit code (GB 32100).
    pub id: &'static str,
    /// Chinese name.
    pub name_zh: &'static str,
    /// English name.
    pub name_en: &'static str,
    /// Administrative division (GB/T 2260).
    pub region: &'static str,
    /// Whether it votes on blocks.
    pub validator: bool,
    /// Whether it inspects the others; an inspectorate shares no data.
    pub inspectorate: bool,
    /// Last digits of its ports.
    pub slot: u16,
}

/// All six, validators first.
pub const CENTRES: [Centre; 6] = [
    Centre {
        short: "gz",
        id: "12440100X00000254F",
        name_zh: "广州市住房公积金管理中心（演示）",
        name_en: "Guangzhou Housing Provident Fund Centre (demo)",
        region: "440100",
        validator: true,
        inspectorate: false,
        slot: 1,
    },
    Centre {
        short: "sz",
        id: "12440300X00000262L",
        name_zh: "深圳市住房公积金管理中心（演示）",
        name_en: "Shenzhen Housing Provident Fund Centre (demo)",
        region: "440300",
        validator: true,
        inspectorate: false,
        slot: 2,
    },
    Centre {
        short: "nj",
        id: "12320100X00000115R",
        name_zh: "南京市住房公积金管理中心（演示）",
        name_en: "Nanjing Housing Provident Fund Centre (demo)",
        region: "320100",
        validator: true,
        inspectorate: false,
        slot: 3,
    },
    Centre {
        short: "su",
        id: "12320500X000001239",
        name_zh: "苏州市住房公积金管理中心（演示）",
        name_en: "Suzhou Housing Provident Fund Centre (demo)",
        region: "320500",
        validator: true,
        inspectorate: false,
        slot: 4,
    },
    Centre {
        short: "cd",
        id: "12510100X00000318P",
        name_zh: "成都市住房公积金管理中心（演示）",
        name_en: "Chengdu Housing Provident Fund Centre (demo)",
        region: "510100",
        validator: false,
        inspectorate: false,
        slot: 5,
    },
    Centre {
        short: "jd",
        id: "11510000X00000430L",
        name_zh: "四川省住房公积金监督检查处（演示）",
        name_en: "Sichuan Housing Provident Fund Inspectorate (demo)",
        region: "510000",
        validator: false,
        inspectorate: true,
        slot: 6,
    },
];

/// Who writes the layers of policy that several share: Guangzhou the nation's, in the ministry's place, and one centre
/// of each province its province's.
pub const STEWARDS: [(&str, &str); 4] =
    [("national", "gz"), ("320000", "nj"), ("440000", "sz"), ("510000", "jd")];

impl Centre {
    /// The centre with this short name.
    ///
    /// # Panics
    /// For a name that is none of the six: a mistake in the caller's text.
    #[must_use]
    pub fn named(short: &str) -> &'static Self {
        let found = CENTRES.iter().find(|centre| centre.short == short);
        assert!(found.is_some(), "no department is called {short:?}");
        found.unwrap_or(&CENTRES[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::ids::{DepartmentId, RegionCode};

    #[test]
    fn every_credit_code_and_region_is_valid_and_stands_once() {
        for centre in CENTRES {
            assert!(centre.id.parse::<DepartmentId>().is_ok(), "{}", centre.id);
            assert!(centre.region.parse::<RegionCode>().is_ok());
            assert_eq!(CENTRES.iter().filter(|other| other.id == centre.id).count(), 1);
        }
        assert_eq!(CENTRES.iter().filter(|centre| centre.validator).count(), 4);
        assert!(STEWARDS.iter().all(|(_, short)| CENTRES.iter().any(|centre| centre.short == *short)));
    }
}
