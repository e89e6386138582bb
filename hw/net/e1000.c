/*
 * Intel 82540EM Gigabit Ethernet ("e1000"; SDM): the PCI function, its registers, interrupts, the link. See e1000.h.
 *
 * Registers are rows: what they are after a reset, which bits software writes, and functions for those that behave. Those
 * without a row read as zero. Descriptors that are handed over are looked at in the loop's round, and interrupts come at its end; ITR and
 * the delays of receive and transmit interrupts are alarms of the virtual clock (mitigation=off: there are none).
 *
 * Not there: flash memory and an option ROM, wake-up, flow control (pause frames are filtered, and never sent), MSI.
 */
#include <string.h>

#include "e1000.h"

enum { BAR_BYTES = E_BYTES, IO_BYTES = 64, TICK = 256 /* ns, of ITR */, DELAY = 1024 /* ns */, STATUS_UP = 2, RESET_EEPROM = 1 << 13, FLUSH_DELAYED = 1 << 31,
       ADDRESS_VALID = 1 << 31 };
/* 1000 Mb/s, full duplex. */
enum { STATUS = 1 | 2 << 6 | 2 << 8, CTRL = 1 | CTRL_SLU | 2 << 8 };

/* -------------------------------------------------------------------------- interrupts */

static void update_line(struct e1000 *e);

static bool is_due(uint64_t *due, uint64_t *last, uint64_t now, uint64_t *next)
{
    if (*due && *due <= now) {
        *due = *last = 0;
        return true;
    }
    if (*due && *due < *next)
        *next = *due;
    return false;
}

/* Delayed causes whose time has come; the line, if its time has; then waits for what is next. */
static void look_at_timer(void *arg)
{
    struct e1000 *e = arg;
    uint64_t now = clock_now(e->p.d.machine->loop), next = ~0ull;
    if (is_due(&e->rx_due, &e->rx_last, now, &next))
        e->reg[E_ICR / 4] |= C_RXT0;
    if (is_due(&e->tx_due, &e->tx_last, now, &next))
        e->reg[E_ICR / 4] |= C_TXDW;
    update_line(e);
    if (!e->p.intx && (e->reg[E_ICR / 4] & e->reg[E_IMS / 4]) && e->next_interrupt < next)
        next = e->next_interrupt;
    if (next == ~0ull)
        alarm_off(e->timer);
    else
        alarm_at(e->timer, next);
}

static void update_line(struct e1000 *e)
{
    uint64_t now = clock_now(e->p.d.machine->loop);
    if (!(e->reg[E_ICR / 4] & e->reg[E_IMS / 4])) {
        pci_intx(&e->p, false);
    } else if (!e->p.intx && (!e->mitigation || now >= e->next_interrupt)) {
        e->next_interrupt = now + (uint64_t)(e->reg[E_ITR / 4] & 0xffff) * TICK;
        pci_intx(&e->p, true);
    }
}

void e1000_raise(struct e1000 *e, unsigned causes)
{
    e->reg[E_ICR / 4] |= causes;
    look_at_timer(e);
}

void e1000_delay(struct e1000 *e, uint64_t *due, uint64_t *last, unsigned delay, unsigned absolute)
{
    uint64_t now = clock_now(e->p.d.machine->loop);
    if (!e->mitigation) {
        e->causes |= due == &e->rx_due ? C_RXT0 : C_TXDW;
        return;
    }
    if (!*due)
        *last = absolute ? now + (uint64_t)absolute * DELAY : ~0ull;
    *due = now + (uint64_t)delay * DELAY;
    *due = *due < *last ? *due : *last;
    if (*due < alarm_when(e->timer))
        alarm_at(e->timer, *due);
}

/* -------------------------------------------------------------------------- statistics */

/* They stay at the end of their range. */
void e1000_count(struct e1000 *e, unsigned at)
{
    if (e->reg[at / 4] != ~0u)
        e->reg[at / 4]++;
}

static void count_bytes(struct e1000 *e, unsigned at, unsigned n)
{
    uint64_t v = e->reg[at / 4] | (uint64_t)e->reg[at / 4 + 1] << 32;
    v = v + n < v ? ~0ull : v + n;
    e->reg[at / 4] = (uint32_t)v;
    e->reg[at / 4 + 1] = (uint32_t)(v >> 32);
}

void e1000_count_frame(struct e1000 *e, unsigned total, unsigned good, unsigned of64, unsigned good_bytes, unsigned total_bytes, unsigned size)
{
    static const unsigned limits[] = { 64, 127, 255, 511, 1023 };
    unsigned k = 0;
    while (k < 5 && size > limits[k])
        k++;
    e1000_count(e, of64 + 4 * k);
    e1000_count(e, total);
    e1000_count(e, good);
    count_bytes(e, good_bytes, size);
    count_bytes(e, total_bytes, size);
}

/* --------------------------------------------------------------------------- registers */

static void reset_mac(struct e1000 *e);

static uint32_t read_status(struct e1000 *e, unsigned at) { return STATUS | (e1000_link_up(e) ? STATUS_UP : 0); }
static uint32_t read_eecd(struct e1000 *e, unsigned at) { return e1000_eecd_read(e); }
static uint32_t read_nothing(struct e1000 *e, unsigned at) { return 0; }

static uint32_t read_icr(struct e1000 *e, unsigned at)
{
    uint32_t v = e->reg[E_ICR / 4];
    e->reg[E_ICR / 4] = 0;
    update_line(e);
    return v;
}

/* Of the 64-bit ones the lower half stays until the upper one is read. */
static uint32_t read_statistic(struct e1000 *e, unsigned at)
{
    static const uint16_t wide[] = { S_GORC, S_GOTC, S_TOR, S_TOT };
    uint32_t v = e->reg[at / 4];
    for (unsigned k = 0; k < sizeof wide / sizeof *wide; k++) {
        if (at == wide[k])
            return v;
        if (at == wide[k] + 4u)
            e->reg[at / 4 - 1] = 0;
    }
    e->reg[at / 4] = 0;
    return v;
}

/* A semaphore of software's: reading takes it. Only later chips have it, but U-Boot's driver asks all of them for it. */
static uint32_t read_semaphore(struct e1000 *e, unsigned at)
{
    uint32_t v = e->reg[at / 4];
    e->reg[at / 4] |= 1;
    return v;
}

static void write_ctrl(struct e1000 *e, unsigned at, uint32_t v)
{
    if (v & CTRL_RST) {
        reset_mac(e);
        return;
    }
    if (v & (uint32_t)CTRL_PHY_RST)
        e1000_phy_reset(e);
    e->reg[at / 4] = v & ~(uint32_t)CTRL_PHY_RST;
}

/* The address again as the EEPROM has it. */
static void load_address(struct e1000 *e)
{
    const uint16_t *w = e->eeprom.word;
    e->reg[E_RA / 4] = w[0] | (uint32_t)w[1] << 16;
    e->reg[E_RA / 4 + 1] = w[2] | (uint32_t)ADDRESS_VALID;
    for (unsigned k = 0; k < 6; k++)
        e->mac[k] = (uint8_t)(w[k / 2] >> k % 2 * 8);
}

static void write_ctrl_ext(struct e1000 *e, unsigned at, uint32_t v)
{
    if (v & RESET_EEPROM)
        load_address(e);
    e->reg[at / 4] = v & ~(uint32_t)RESET_EEPROM;
}

static void write_eecd(struct e1000 *e, unsigned at, uint32_t v) { e1000_eecd_write(e, v); }
static void write_eerd(struct e1000 *e, unsigned at, uint32_t v) { e->reg[at / 4] = e1000_eerd(e, v); }
static void write_mdic(struct e1000 *e, unsigned at, uint32_t v) { e->reg[at / 4] = e1000_mdic(e, v); }

static void write_icr(struct e1000 *e, unsigned at, uint32_t v)
{
    e->reg[at / 4] &= ~v;
    update_line(e);
}
static void write_ics(struct e1000 *e, unsigned at, uint32_t v) { e1000_raise(e, v & C_ALL); }
static void write_ims(struct e1000 *e, unsigned at, uint32_t v)
{
    e->reg[E_IMS / 4] |= v & C_ALL;
    look_at_timer(e);
}
static void write_imc(struct e1000 *e, unsigned at, uint32_t v)
{
    e->reg[E_IMS / 4] &= ~v;
    update_line(e);
}

static void write_tail(struct e1000 *e, unsigned at, uint32_t v)
{
    e->reg[at / 4] = v & 0xffff;
    e1000_look(e, at == E_TDT ? E_LOOK_TX : E_LOOK_RX);
}
static void write_rctl(struct e1000 *e, unsigned at, uint32_t v)
{
    e->reg[at / 4] = v;
    net_filter_changed(&e->port);
    e1000_look(e, E_LOOK_RX);
}
static void write_tctl(struct e1000 *e, unsigned at, uint32_t v)
{
    e->reg[at / 4] = v;
    e1000_look(e, E_LOOK_TX);
}

static void write_rdtr(struct e1000 *e, unsigned at, uint32_t v)
{
    e->reg[at / 4] = v & 0xffff;
    if ((v & (uint32_t)FLUSH_DELAYED) && e->rx_due) {
        e->rx_due = e->rx_last = 0;
        e1000_raise(e, C_RXT0);
    }
}

static void write_address(struct e1000 *e, unsigned at, uint32_t v)
{
    e->reg[at / 4] = v;
    for (unsigned k = 0; k < 6; k++)
        e->mac[k] = (uint8_t)(e->reg[E_RA / 4 + k / 4] >> k % 4 * 8);
    net_filter_changed(&e->port);
}

static const struct row {
    uint32_t at, words; /* the first, and how many with the same rules */
    uint32_t value, mask;
    uint32_t (*read)(struct e1000 *e, unsigned at);
    void (*write)(struct e1000 *e, unsigned at, uint32_t v);
} rows[] = {
    /* those of every packet */
    { E_ICR, 1, 0, 0, read_icr, write_icr }, { E_TDT, 1, 0, 0, NULL, write_tail }, { E_RDT, 1, 0, 0, NULL, write_tail }, { E_ITR, 1, 0, 0xffff, NULL, NULL },
    { E_IMS, 1, 0, 0, NULL, write_ims }, { E_IMC, 1, 0, 0, read_nothing, write_imc }, { E_STATUS, 1, 0, 0, read_status, NULL },
    { E_TDH, 1, 0, 0xffff, NULL, NULL }, { E_RDH, 1, 0, 0xffff, NULL, NULL },
    { E_CTRL, 1, CTRL, 0, NULL, write_ctrl }, { E_EECD, 1, 0, 0, read_eecd, write_eecd }, { E_EERD, 1, 1 << 4, 0, NULL, write_eerd },
    { E_CTRL_EXT, 1, 0, 0, NULL, write_ctrl_ext }, { E_MDIC, 1, 1 << 28, 0, NULL, write_mdic }, { E_FCAL, 1, 0, ~0u, NULL, NULL }, { E_FCAH, 1, 0, 0xffff, NULL, NULL },
    { E_FCT, 1, 0, 0xffff, NULL, NULL }, { E_VET, 1, 0x8100, 0xffff, NULL, NULL }, { E_ICS, 1, 0, 0, read_nothing, write_ics }, { E_RCTL, 1, 0, 0, NULL, write_rctl },
    { E_FCTTV, 1, 0, 0xffff, NULL, NULL }, { E_TXCW, 1, 0, ~0u, NULL, NULL }, { E_TCTL, 1, 0, 0, NULL, write_tctl }, { E_TIPG, 1, 0x00602008, 0x3fffffff, NULL, NULL },
    { E_AIFS, 1, 0, 0xffff, NULL, NULL }, { E_LEDCTL, 1, 0x07068302, ~0u, NULL, NULL }, { E_PBA, 1, 0x00100030, 0x0000ffff, NULL, NULL },
    { E_FCRTL, 1, 0, 0x8000fff8, NULL, NULL }, { E_FCRTH, 1, 0, 0xfff8, NULL, NULL },
    { E_RDBAL, 1, 0, ~0xfu, NULL, NULL }, { E_RDBAH, 1, 0, ~0u, NULL, NULL }, { E_RDLEN, 1, 0, 0xfff80, NULL, NULL }, { E_RDTR, 1, 0, 0, NULL, write_rdtr },
    { E_RXDCTL, 1, 0, ~0u, NULL, NULL }, { E_RADV, 1, 0, 0xffff, NULL, NULL }, { E_RSRPD, 1, 0, 0xfff, NULL, NULL }, { E_TXDMAC, 1, 0, 1, NULL, NULL },
    { E_TDBAL, 1, 0, ~0xfu, NULL, NULL }, { E_TDBAH, 1, 0, ~0u, NULL, NULL }, { E_TDLEN, 1, 0, 0xfff80, NULL, NULL }, { E_TIDV, 1, 0, 0xffff, NULL, NULL },
    { E_TXDCTL, 1, 0, ~0u, NULL, NULL }, { E_TADV, 1, 0, 0xffff, NULL, NULL }, { E_TSPMT, 1, 0x01000400, ~0u, NULL, NULL },
    { E_STATISTICS, 64, 0, 0, read_statistic, NULL }, { E_RXCSUM, 1, 0, 0x7ff, NULL, NULL }, { E_MTA, 128, 0, ~0u, NULL, NULL },
    { E_RA, 2, 0, 0, NULL, write_address }, { E_RA + 8, 30, 0, ~0u, NULL, NULL }, { E_VFTA, 128, 0, ~0u, NULL, NULL },
    { E_SWSM, 1, 0, 3, read_semaphore, NULL },
    /* what acts on nothing here: wake-up, management, diagnosis */
    { E_RDFH, 5, 0, 0x1fff, NULL, NULL }, { E_RDFH + 0x18, 3, 0, 0x1fff, NULL, NULL }, { E_TDFH, 9, 0, 0x1fff, NULL, NULL }, { E_WUC, 1, 0, 0xf, NULL, NULL },
    { E_WUFC, 1, 0, 0xf80ff, NULL, NULL }, { E_WUS, 1, 0, 0, NULL, NULL }, { E_MANC, 1, 0, ~0u, NULL, NULL }, { E_IPAV, 1, 0, 0x1000f, NULL, NULL },
    { E_IP4AT, 8, 0, ~0u, NULL, NULL }, { E_IP6AT, 4, 0, ~0u, NULL, NULL }, { E_WUPL, 1, 0, 0, NULL, NULL }, { E_WUPM, 32, 0, 0, NULL, NULL },
    { E_FFLT, 8, 0, 0x7ff, NULL, NULL }, { E_FFMT, 256, 0, 0xf, NULL, NULL }, { E_FFVT, 256, 0, ~0u, NULL, NULL }, { E_PBM, 0x4000, 0, ~0u, NULL, NULL },
};
enum { ROWS = sizeof rows / sizeof *rows };

static const struct row *find(unsigned at)
{
    for (unsigned k = 0; k < ROWS; k++)
        if (at >= rows[k].at && at < rows[k].at + 4 * rows[k].words)
            return &rows[k];
    return NULL;
}

static uint64_t read_register(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    struct e1000 *e = device;
    const struct row *r = find((unsigned)offset);
    return !r ? 0 : r->read ? r->read(e, (unsigned)offset) : e->reg[offset / 4];
}

static void write_register(void *device, uint64_t offset, unsigned size, uint64_t v, struct mem_attr a)
{
    struct e1000 *e = device;
    const struct row *r = find((unsigned)offset);
    if (r && r->write)
        r->write(e, (unsigned)offset, (uint32_t)v);
    else if (r)
        e->reg[offset / 4] = (e->reg[offset / 4] & ~r->mask) | ((uint32_t)v & r->mask);
}

static const struct mmio_ops ops = { read_register, write_register, 4, 4, false };

/* The same by two words of I/O: an offset, and what is there (SDM 13.2.2). */
static uint64_t read_io(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    struct e1000 *e = device;
    if (offset == 0)
        return e->io_address;
    return offset == 4 && e->io_address < BAR_BYTES ? read_register(e, e->io_address & ~3u, 4, a) : 0;
}

static void write_io(void *device, uint64_t offset, unsigned size, uint64_t v, struct mem_attr a)
{
    struct e1000 *e = device;
    if (offset == 0)
        e->io_address = (uint32_t)v;
    else if (offset == 4 && e->io_address < BAR_BYTES)
        write_register(e, e->io_address & ~3u, 4, v, a);
}

static const struct mmio_ops io_ops = { read_io, write_io, 4, 4, false };

/* ------------------------------------------------------------------------------- reset */

/* All but the EEPROM, the PHY and configuration space (SDM 14.6). */
static void reset_mac(struct e1000 *e)
{
    memset(e->reg, 0, sizeof e->reg);
    for (unsigned k = 0; k < ROWS; k++)
        e->reg[rows[k].at / 4] = rows[k].value;
    memset(&e->tx, 0, sizeof e->tx);
    load_address(e);
    alarm_off(e->timer);
    e->rx_due = e->rx_last = e->tx_due = e->tx_last = e->next_interrupt = 0;
    e->look = e->causes = 0;
    pci_intx(&e->p, false);
}

static void reset(struct device *d)
{
    struct e1000 *e = (struct e1000 *)d;
    e->io_address = 0;
    e1000_eeprom_init(e, e->mac_property);
    e1000_phy_reset(e);
    reset_mac(e);
    net_forget(&e->port);
    pci_reset(&e->p);
}

static const char *valid(struct device *d) { return pci_valid((struct pci_device *)d); }

static void loaded(struct device *d)
{
    struct e1000 *e = (struct e1000 *)d;
    struct e1000_tx *t = &e->tx;
    if (t->size > (t->segment ? E_LARGE_MOST : E_PLAIN_MOST))
        memset(t, 0, sizeof *t);
    if (e->eeprom.reading && (e->eeprom.shift >= E_EEPROM_WORDS || e->eeprom.bits > 16))
        e->eeprom.reading = e->eeprom.bits = 0;
    pci_loaded(&e->p);
    e->next_interrupt = e->rx_due = e->tx_due = 0;
    look_at_timer(e);
    e1000_look(e, E_LOOK_TX | E_LOOK_RX);
}

/* -------------------------------------------------------------------------------- port */

static struct e1000 *device_of(struct net_port *p) { return (struct e1000 *)((char *)p - offsetof(struct e1000, port)); }

void e1000_look(struct e1000 *e, unsigned what)
{
    e->look |= what;
    loop_wake(e->p.d.machine->loop);
}

bool e1000_link_up(const struct e1000 *e) { return e->port.name && !e->port.link_down && (!e->port.peer || !e->port.peer->link_down); }

static bool receive(struct net_port *p, unsigned queue, const struct net_packet *k)
{
    struct e1000 *e = device_of(p);
    if (e->p.d.machine->state != MACHINE_RUNNING || (e->reg[E_RCTL / 4] & RCTL_EN && !pci_master(&e->p)))
        return false;
    return !e1000_link_up(e) || e1000_receive(e, k);
}

static bool before_wait(struct net_port *p)
{
    struct e1000 *e = device_of(p);
    unsigned look = e->look;
    if (!look || e->p.d.machine->state != MACHINE_RUNNING)
        return false;
    e->look = 0;
    if (look & E_LOOK_RX)
        net_room(p, NET_ALL);
    if ((look & E_LOOK_TX) && pci_master(&e->p) && e1000_transmit(e))
        e->look |= E_LOOK_TX;
    return e->look;
}

static void flush(struct net_port *p)
{
    struct e1000 *e = device_of(p);
    unsigned causes = e->causes;
    e->causes = 0;
    if (causes)
        e1000_raise(e, causes);
}

static void room(struct net_port *p) { e1000_look(device_of(p), E_LOOK_TX); }

static void link_changed(struct net_port *p)
{
    struct e1000 *e = device_of(p);
    if (!e1000_link_up(e))
        e->link_was_lost = 1;
    e1000_raise(e, C_LSC);
}

static void tell_filter(const struct net_port *p, struct net_rx_filter *f)
{
    e1000_tell_filter((const struct e1000 *)((const char *)p - offsetof(struct e1000, port)), f);
}

static const struct net_ops port_ops = {
    .type = "nic", .receive = receive, .room = room, .link = link_changed, .before_wait = before_wait, .flush = flush, .filter = tell_filter,
};

/* ------------------------------------------------------------------------------ making */

static void unrealize(struct device *d)
{
    struct e1000 *e = (struct e1000 *)d;
    net_detach(&e->port);
    pci_unrealize(&e->p);
    if (e->timer)
        alarm_free(e->timer);
    e->timer = NULL;
}

static void config_wrote(struct pci_device *p, unsigned offset, unsigned size)
{
    struct e1000 *e = (struct e1000 *)p;
    if (offset < PCI_COMMAND + 2 && offset + size > PCI_COMMAND && pci_master(p) && e->port.name)
        e1000_look(e, E_LOOK_TX | E_LOOK_RX);
}

static bool realize(struct device *d, char *err, size_t errlen)
{
    static const struct pci_ids ids = { 0x8086, 0x100e, 3, 0x020000, 0x1af4, 0x1100 };
    struct e1000 *e = (struct e1000 *)d;
    char name[96];
    if (e->mac_property[0] & 1) {
        snprintf(err, errlen, "e1000: mac=: it is a multicast address");
        return false;
    }
    if (!pci_realize(&e->p, &ids, err, errlen))
        return false;
    e->p.config[PCI_INT_PIN] = 1;
    e->p.wrote = config_wrote;
    net_default_mac(e->mac_property);
    e->port.ops = &port_ops;
    e->port.mac = e->mac;
    e->port.model = d->type->name;
    e->port.nqueues = 1;
    e->port.takes = NET_VALID;
    net_name(d, name, sizeof name);
    e->timer = alarm_new(d->machine->loop, look_at_timer, e);
    snprintf(err, errlen, "no memory");
    if (!e->timer || !pci_bar(&e->p, 0, PCI_BAR_MEM32, mem_new_mmio("e1000", BAR_BYTES, &ops, e)) ||
        !pci_bar(&e->p, 1, PCI_BAR_IO, mem_new_mmio("e1000-io", IO_BYTES, &io_ops, e)) ||
        !net_attach(&e->port, d->machine, name, &e->netdev, err, errlen)) {
        unrealize(d);
        return false;
    }
    e1000_eeprom_init(e, e->mac_property);
    e1000_phy_reset(e);
    reset_mac(e);
    return true;
}

#define P(member, kind, name, value, help) PROPERTY(struct e1000, member, kind, name, value, help)
static const struct property properties[] = {
    P(netdev, PROP_NETDEV, "netdev", NULL, "its backend"),
    P(mac_property, PROP_MAC, "mac", NULL, "its address (52:54:00:12:34:56 and on)"),
    BOOT_PROPERTY,
    P(mitigation, PROP_BOOL, "mitigation", "on", "interrupts are put off as the driver asks for"),
    P(romfile, PROP_STRING, "romfile", NULL, "nothing: there are no option ROMs"),
    { NULL }
};
#define F(member) FIELD(struct e1000, member)
static const struct field fields[] = { PCI_FIELDS, F(mac), F(reg), F(phy), F(link_was_lost), F(eeprom), F(tx), F(io_address), { NULL } };

const struct device_type e1000_type = {
    .name = "e1000", .alias = "e1000-82540em", .bus = "PCI", .category = "Network", .help = "Intel 82540EM Gigabit Ethernet", .size = sizeof(struct e1000),
    .properties = properties, .base_properties = pci_properties, .fields = fields, .realize = realize, .unrealize = unrealize, .reset = reset,
    .valid = valid, .loaded = loaded,
};
