//! The IP_PROTOCOL transformation: protocol numbers become names.

use alidade_event::{Event, FieldName, Value};
use alidade_stellar::ConfigProblem;

use super::Entry;

/// Where the number stands and where the name goes.
#[derive(Debug)]
pub(crate) struct IpProtocol {
    input: FieldName,
    output: FieldName,
}

impl IpProtocol {
    pub fn compile(entry: &Entry<'_>) -> Result<Self, Vec<ConfigProblem>> {
        let (Some(input), Some(output)) = (entry.input.first(), entry.output.first()) else {
            return Err(vec![
                ConfigProblem::new(entry.path, "IP_PROTOCOL has no `input`")
                    .with_help("name the field that holds the protocol's number in `input`"),
            ]);
        };
        Ok(IpProtocol {
            input: input.clone(),
            output: output.clone(),
        })
    }

    /// A number without a name removes the field; what is no number is left alone.
    pub fn apply(&self, event: &mut Event) {
        let Some(number) = event.get(&self.input).and_then(Value::as_f64) else {
            return;
        };
        match protocol_name(number as i64) {
            Some(name) => {
                event.set(self.output.clone(), name);
            }
            None => {
                event.remove(&self.output);
            }
        }
    }
}

/// The name that upstream has for a protocol number. Its table differs from IANA's in a few places.
fn protocol_name(number: i64) -> Option<&'static str> {
    let name = usize::try_from(number).ok().and_then(|at| NAMES.get(at))?;
    match (*name, number) {
        ("", 88) => Some(""),
        ("", _) => None,
        (name, _) => Some(name),
    }
}

/// By number, from 0. An empty text is no name, except for 88, which upstream calls by an empty text.
const NAMES: [&str; 143] = [
    "",
    "ICMP",
    "IGMP",
    "GGP",
    "IPv4",
    "ST",
    "TCP",
    "CBT",
    "EGP",
    "IGP",
    "BBN-RCC-MON",
    "NVP-II",
    "PUP",
    "ARGUS",
    "EMCON",
    "XNET",
    "CHAOS",
    "UDP",
    "MUX",
    "DCN-MEAS",
    "HMP",
    "PRM",
    "XNS-IDP",
    "TRUNK-1",
    "TRUNK-2",
    "LEAF-1",
    "LEAF-2",
    "RDP",
    "IRTP",
    "ISO-TP4",
    "NETBLT",
    "MFE-NSP",
    "MERIT-INP",
    "DCCP",
    "3PC",
    "IDPR",
    "XTP",
    "DDP",
    "IDPR-CMTP",
    "TP++",
    "IL",
    "IPv6",
    "SDRP",
    "IPv6-Route",
    "IPv6-Frag",
    "IDRP",
    "RSVP",
    "GRE",
    "DSR",
    "BNA",
    "ESP",
    "AH",
    "I-NLSP",
    "SWIPE",
    "NARP",
    "MOBILE",
    "TLSP",
    "SKIP",
    "IPv6-ICMP",
    "IPv6-NoNxt",
    "IPv6-Opts",
    "",
    "CFTP",
    "",
    "SAT-EXPAK",
    "KRYPTOLAN",
    "RVD",
    "IPPC",
    "SAT-MON",
    "",
    "VISA",
    "IPCV",
    "CPNX",
    "CPHB",
    "WSN",
    "PVP",
    "BR-SAT-MON",
    "SUN-ND",
    "WB-MON",
    "WB-EXPAK",
    "ISO-IP",
    "VMTP",
    "SECURE-VMTP",
    "VINES",
    "TTP",
    "NSFNET-IGP",
    "DGP",
    "TCF",
    "",
    "OSPF",
    "Sprite-RPC",
    "LARP",
    "MTP",
    "AX.25",
    "IPIP",
    "MICP",
    "SCC-SP",
    "ETHERIP",
    "ENCAP",
    "",
    "GMTP",
    "IFMP",
    "PNNI",
    "PIM",
    "ARIS",
    "SCPS",
    "QNX",
    "A/N",
    "IPComp",
    "SNP",
    "Compaq-Peer",
    "IPX-in-IP",
    "VRRP",
    "PGM",
    "",
    "L2TP",
    "DDX",
    "IATP",
    "STP",
    "SRP",
    "UTI",
    "SMP",
    "SM",
    "PTP",
    "ISIS over IPv4",
    "FIRE",
    "CRTP",
    "CRUDP",
    "SSCOPMCE",
    "IPLT",
    "SPS",
    "PIPE",
    "SCTP",
    "FC",
    "RSVP-E2E-IGNORE",
    "Mobility Header",
    "UDPLite",
    "MPLS-in-IP",
    "manet",
    "Shim6",
    "WESP",
    "ROHC",
    "",
];
