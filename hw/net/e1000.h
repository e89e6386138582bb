/*
 * Intel 82540EM: what its files share. Sections are those of Intel's PCI/PCI-X Family of Gigabit Ethernet Controllers Software
 * Developer's Manual ("SDM").
 *
 *   e1000.c         the PCI function, registers by their table, interrupts, reset, the link
 *   e1000_parts.c   the EEPROM and the PHY
 *   e1000_tx.c      transmit descriptors, segmentation
 *   e1000_rx.c      filters, receive descriptors
 */
#ifndef MYNA_E1000_H
#define MYNA_E1000_H

#include "net.h"
#include "pci/pci.h"

enum { /* registers (SDM 13.4) */
    E_CTRL = 0x0000, E_STATUS = 0x0008, E_EECD = 0x0010, E_EERD = 0x0014, E_CTRL_EXT = 0x0018, E_MDIC = 0x0020, E_FCAL = 0x0028, E_FCAH = 0x002c,
    E_FCT = 0x0030, E_VET = 0x0038, E_ICR = 0x00c0, E_ITR = 0x00c4, E_ICS = 0x00c8, E_IMS = 0x00d0, E_IMC = 0x00d8, E_RCTL = 0x0100, E_FCTTV = 0x0170,
    E_TXCW = 0x0178, E_TCTL = 0x0400, E_TIPG = 0x0410, E_AIFS = 0x0458, E_LEDCTL = 0x0e00, E_PBA = 0x1000, E_FCRTL = 0x2160, E_FCRTH = 0x2168,
    E_RDFH = 0x2410, E_RDBAL = 0x2800, E_RDBAH = 0x2804, E_RDLEN = 0x2808, E_RDH = 0x2810, E_RDT = 0x2818, E_RDTR = 0x2820, E_RXDCTL = 0x2828,
    E_RADV = 0x282c, E_RSRPD = 0x2c00, E_TXDMAC = 0x3000, E_TDFH = 0x3410, E_TDBAL = 0x3800, E_TDBAH = 0x3804, E_TDLEN = 0x3808, E_TDH = 0x3810,
    E_TDT = 0x3818, E_TIDV = 0x3820, E_TXDCTL = 0x3828, E_TADV = 0x382c, E_TSPMT = 0x3830, E_STATISTICS = 0x4000, E_RXCSUM = 0x5000, E_MTA = 0x5200,
    E_RA = 0x5400, E_VFTA = 0x5600, E_WUC = 0x5800, E_WUFC = 0x5808, E_WUS = 0x5810, E_MANC = 0x5820, E_IPAV = 0x5838, E_IP4AT = 0x5840, E_IP6AT = 0x5880,
    E_WUPL = 0x5900, E_WUPM = 0x5a00, E_SWSM = 0x5b50, E_FFLT = 0x5f00, E_FFMT = 0x9000, E_FFVT = 0x9800, E_PBM = 0x10000, E_BYTES = 0x20000,
};
enum { /* statistics (SDM 13.7) */
    S_MPC = 0x4010, S_PRC64 = 0x405c, S_GPRC = 0x4074, S_BPRC = 0x4078, S_MPRC = 0x407c, S_GPTC = 0x4080, S_GORC = 0x4088, S_GOTC = 0x4090, S_RNBC = 0x40a0,
    S_RUC = 0x40a4, S_ROC = 0x40ac, S_TOR = 0x40c0, S_TOT = 0x40c8, S_TPR = 0x40d0, S_TPT = 0x40d4, S_PTC64 = 0x40d8, S_MPTC = 0x40f0, S_BPTC = 0x40f4, S_TSCTC = 0x40f8,
};
enum { /* causes of interrupts (SDM 13.4.17) */
    C_TXDW = 1 << 0, C_TXQE = 1 << 1, C_LSC = 1 << 2, C_RXDMT0 = 1 << 4, C_RXO = 1 << 6, C_RXT0 = 1 << 7, C_MDAC = 1 << 9, C_TXD_LOW = 1 << 15, C_SRPD = 1 << 16,
    C_ALL = 0x1f6df,
};
enum { CTRL_SLU = 1 << 6, CTRL_RST = 1 << 26, CTRL_VME = 1 << 30, CTRL_PHY_RST = (int)(1u << 31), TCTL_EN = 2, RCTL_EN = 2, RCTL_LBM = 3 << 6 };
enum { E_PLAIN_MOST = 16288 /* bytes of a packet that is not cut */, E_LARGE_MOST = 65535 };
enum { E_EEPROM_WORDS = 64, E_PHY_REGISTERS = 32, E_LOOK_TX = 1, E_LOOK_RX = 2, E_VLAN_TAG = 4 };

struct e1000_eeprom { uint16_t word[E_EEPROM_WORDS]; uint32_t shift; uint8_t bits, reading, enabled, out, lines, pad[3]; };
struct e1000_context { uint8_t ipcss, ipcso, tucss, tucso, command, header; uint16_t ipcse, tucse, mss; uint32_t payload; };
/* A packet on its way from descriptors to the wire. */
struct e1000_tx {
    struct e1000_context plain, segmented;
    uint32_t size;
    uint16_t tag;
    uint8_t options, segment, tagged, started, too_large, cut /* some segments of it are gone */, sums, pad;
    uint8_t bytes[NET_MAX];
};

struct e1000 {
    struct pci_device p;
    struct net_port port;
    struct net_port *netdev;       /* properties */
    uint8_t mac_property[6];
    bool mitigation;
    char *romfile;
    uint8_t mac[6];                /* as the guest has it now */
    uint32_t reg[E_BYTES / 4];
    uint16_t phy[E_PHY_REGISTERS];
    uint8_t link_was_lost;         /* until PHY status is read */
    struct e1000_eeprom eeprom;
    struct e1000_tx tx;
    uint32_t io_address;
    unsigned look, causes;         /* to look at in the loop's round; to raise at its end */
    struct alarm *timer;
    uint64_t next_interrupt;       /* not before: ITR */
    uint64_t rx_due, rx_last, tx_due, tx_last; /* of delayed causes: when, and when at the latest; 0: none */
};

static inline uint32_t *e1000_reg(struct e1000 *e, unsigned at) { return &e->reg[at / 4]; }

/* --- e1000.c --- */
void e1000_raise(struct e1000 *e, unsigned causes);
/* The cause after its delay: each one puts it off, until `absolute` after the first. In units of 1.024 us. */
void e1000_delay(struct e1000 *e, uint64_t *due, uint64_t *last, unsigned delay, unsigned absolute);
void e1000_count(struct e1000 *e, unsigned at);
/* Bytes of a good frame with its check sequence: packets by size and bytes; packets: total, good, of 64 bytes, bytes: good, total. */
void e1000_count_frame(struct e1000 *e, unsigned total, unsigned good, unsigned of64, unsigned good_bytes, unsigned total_bytes, unsigned size);
bool e1000_link_up(const struct e1000 *e);
void e1000_look(struct e1000 *e, unsigned what);

/* --- e1000_parts.c --- */
void e1000_eeprom_init(struct e1000 *e, const uint8_t mac[6]);
uint32_t e1000_eecd_read(struct e1000 *e);
void e1000_eecd_write(struct e1000 *e, uint32_t v);
uint32_t e1000_eerd(struct e1000 *e, uint32_t v);
void e1000_phy_reset(struct e1000 *e);
/* A write of MDIC; what it reads as then. */
uint32_t e1000_mdic(struct e1000 *e, uint32_t v);
bool e1000_loops_back(const struct e1000 *e);

/* --- e1000_tx.c, e1000_rx.c --- */
/* True: there may be more to send. */
bool e1000_transmit(struct e1000 *e);
bool e1000_receive(struct e1000 *e, const struct net_packet *k);
void e1000_tell_filter(const struct e1000 *e, struct net_rx_filter *f);

#endif
