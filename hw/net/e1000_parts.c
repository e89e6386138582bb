/*
 * 82540EM: the EEPROM (SDM 5; a 93C46 on Microwire: 64 words of 16 bits) and the PHY (SDM 13.4.9 and its chapter of PHY
 * registers; IEEE 802.3 clause 22).
 *
 * The EEPROM is read by EERD, or bit by bit: a start bit, two of operation, six of address, then data. It can be written, and
 * keeps what was written as long as the machine lives. Negotiation of the link is done as soon as it is asked for.
 */
#include <string.h>

#include "e1000.h"

/* -------------------------------------------------------------------------- EEPROM */

enum { SK = 1, CS = 2, DI = 4, DO = 8, WRITABLE = 0x77, REQUEST = 1 << 6, GRANT = 1 << 7, PRESENT = 1 << 8, SUM = 0xbaba,
       HEAD = 9 /* bits before data */, OP_WRITE = 1, OP_READ = 2, OP_ERASE = 3, ALL_OFF = 0, ALL_WRITE = 1, ALL_ERASE = 2, ALL_ON = 3,
       EERD_START = 1, EERD_DONE = 1 << 4 };

/* Words of SDM 5.6. */
void e1000_eeprom_init(struct e1000 *e, const uint8_t mac[6])
{
    uint16_t *w = e->eeprom.word, sum = 0;
    memset(&e->eeprom, 0, sizeof e->eeprom);
    for (unsigned k = 0; k < 3; k++)
        w[k] = (uint16_t)(mac[2 * k] | mac[2 * k + 1] << 8);
    w[0x08] = w[0x09] = 0xffff; /* no number of the board */
    w[0x0a] = 0x4408;           /* it is there; full duplex */
    w[0x0b] = (uint16_t)pci_get(&e->p, PCI_SUBSYSTEM, 2);
    w[0x0c] = (uint16_t)pci_get(&e->p, PCI_SUBSYSTEM_VENDOR, 2);
    w[0x0d] = (uint16_t)pci_get(&e->p, PCI_DEVICE, 2);
    w[0x0e] = (uint16_t)pci_get(&e->p, PCI_VENDOR, 2);
    for (unsigned k = 0; k < E_EEPROM_WORDS - 1; k++)
        sum = (uint16_t)(sum + w[k]);
    w[E_EEPROM_WORDS - 1] = (uint16_t)(SUM - sum);
    e->eeprom.out = 1;
}

uint32_t e1000_eerd(struct e1000 *e, uint32_t v)
{
    unsigned at = v >> 8 & 0xff;
    if (!(v & EERD_START))
        return v & 0xff00;
    return (v & 0xff00) | EERD_DONE | (uint32_t)(at < E_EEPROM_WORDS ? e->eeprom.word[at] : 0xffff) << 16;
}

static void write_words(struct e1000_eeprom *m, unsigned first, unsigned n, unsigned v)
{
    for (unsigned k = 0; k < n && m->enabled; k++)
        m->word[first + k] = (uint16_t)v;
}

/* A bit comes in, or goes out. */
static void clock_up(struct e1000_eeprom *m, bool in)
{
    if (m->reading) {
        if (m->bits == 16) {
            m->shift = (m->shift + 1) % E_EEPROM_WORDS; /* it goes on with the next word */
            m->bits = 0;
        }
        m->out = m->word[m->shift] >> (15 - m->bits++) & 1;
        return;
    }
    if (!m->bits && !in)
        return; /* no start bit yet */
    m->shift = m->shift << 1 | in;
    m->bits++;
    unsigned head = m->bits >= HEAD ? m->shift >> (m->bits - HEAD) : 0, op = head >> 6 & 3, at = head & 63;
    if (m->bits == HEAD && op == OP_READ) {
        m->reading = 1;
        m->shift = at;
        m->bits = 0;
        m->out = 0;
    } else if (m->bits == HEAD && op == OP_ERASE) {
        write_words(m, at, 1, 0xffff);
    } else if (m->bits == HEAD && !op && at >> 4 == ALL_ERASE) {
        write_words(m, 0, E_EEPROM_WORDS, 0xffff);
    } else if (m->bits == HEAD && !op && (at >> 4 == ALL_ON || at >> 4 == ALL_OFF)) {
        m->enabled = at >> 4 == ALL_ON;
    } else if (m->bits == HEAD + 16) {
        if (op == OP_WRITE)
            write_words(m, at, 1, m->shift & 0xffff);
        else if (!op && at >> 4 == ALL_WRITE)
            write_words(m, 0, E_EEPROM_WORDS, m->shift & 0xffff);
        m->bits = HEAD + 17; /* what comes now is nothing */
    } else if (m->bits > HEAD + 17) {
        m->bits = HEAD + 17;
    }
}

uint32_t e1000_eecd_read(struct e1000 *e)
{
    const struct e1000_eeprom *m = &e->eeprom;
    return m->lines | (m->out ? DO : 0) | (m->lines & REQUEST ? GRANT : 0) | PRESENT;
}

void e1000_eecd_write(struct e1000 *e, uint32_t v)
{
    struct e1000_eeprom *m = &e->eeprom;
    bool rose = (v & SK) && !(m->lines & SK);
    m->lines = (uint8_t)(v & WRITABLE);
    if (!(v & CS)) { /* the next operation; a write is done at once: ready */
        m->bits = m->reading = 0;
        m->shift = 0;
        m->out = 1;
    } else if (rose) {
        clock_up(m, v & DI);
    }
}

/* ----------------------------------------------------------------------------- PHY */

enum { PHY_CONTROL = 0, PHY_STATUS = 1, PHY_ID1 = 2, PHY_ID2 = 3, PHY_ADVERTISE = 4, PHY_PARTNER = 5, PHY_EXPANSION = 6, PHY_NEXT = 7, PHY_1000_CONTROL = 9,
       PHY_1000_STATUS = 10, PHY_EXTENDED = 15, PHY_SPECIFIC = 16, PHY_SPECIFIC_STATUS = 17, PHY_INTERRUPTS = 18, PHY_EXTENDED_SPECIFIC = 20 };
enum { CONTROL_RESET = 1 << 15, CONTROL_LOOPBACK = 1 << 14, CONTROL_NEGOTIATE = 1 << 12, CONTROL_DOWN = 1 << 11, CONTROL_RESTART = 1 << 9 };
enum { MDIC_REGISTER = 16, MDIC_PHY = 21, MDIC_OP = 26, MDIC_READY = 1 << 28, MDIC_INTERRUPT = 1 << 29, MDIC_ERROR = 1 << 30, OUR_PHY = 1, MDIC_WRITE = 1, MDIC_READ = 2 };

/* What the registers are after a reset, and what can be written. */
static const struct { uint8_t at; uint16_t value, mask; } phy_rows[] = {
    { PHY_CONTROL, 0x1140, 0x7dff }, { PHY_ID1, 0x0141, 0 }, { PHY_ID2, 0x0c20, 0 }, { PHY_ADVERTISE, 0x0de1, 0xffff }, { PHY_NEXT, 0x2001, 0xffff },
    { PHY_1000_CONTROL, 0x0e00, 0xffff }, { PHY_EXTENDED, 0x3000, 0 }, { PHY_SPECIFIC, 0x0360, 0xffff }, { PHY_INTERRUPTS, 0, 0xffff },
    { PHY_EXTENDED_SPECIFIC, 0x0d60, 0xffff }, { 24, 0x4100, 0xffff }, { 29, 0, 0xffff }, { 30, 0, 0xffff },
};
enum { PHY_ROWS = sizeof phy_rows / sizeof *phy_rows };

void e1000_phy_reset(struct e1000 *e)
{
    memset(e->phy, 0, sizeof e->phy);
    for (unsigned k = 0; k < PHY_ROWS; k++)
        e->phy[phy_rows[k].at] = phy_rows[k].value;
    e->link_was_lost = !e1000_link_up(e);
}

bool e1000_loops_back(const struct e1000 *e)
{
    return (e->reg[E_RCTL / 4] & RCTL_LBM) == RCTL_LBM || (e->phy[PHY_CONTROL] & CONTROL_LOOPBACK);
}

static uint16_t phy_read(struct e1000 *e, unsigned at)
{
    bool up = e1000_link_up(e) && !(e->phy[PHY_CONTROL] & CONTROL_DOWN), lost;
    switch (at) {
    case PHY_STATUS:
        lost = e->link_was_lost;
        e->link_was_lost = !up;
        return (uint16_t)(0x7949 | (up && !lost ? 1 << 2 : 0) | (up && (e->phy[PHY_CONTROL] & CONTROL_NEGOTIATE) ? 1 << 5 : 0));
    case PHY_PARTNER:
        return up ? 0xcde1 : 0;
    case PHY_EXPANSION:
        return up ? 0x000f : 0x0004;
    case PHY_1000_STATUS:
        return up ? 0x3c00 : 0;
    case PHY_SPECIFIC_STATUS:
        return up ? 0xac04 : 0;
    }
    return e->phy[at];
}

static void phy_write(struct e1000 *e, unsigned at, uint16_t v)
{
    if (at == PHY_CONTROL && (v & CONTROL_RESET)) {
        e1000_phy_reset(e);
        return;
    }
    for (unsigned k = 0; k < PHY_ROWS; k++)
        if (phy_rows[k].at == at)
            e->phy[at] = (uint16_t)((e->phy[at] & ~phy_rows[k].mask) | (v & phy_rows[k].mask));
    if (at == PHY_CONTROL && (v & CONTROL_RESTART) && e1000_link_up(e))
        e1000_raise(e, C_LSC);
}

uint32_t e1000_mdic(struct e1000 *e, uint32_t v)
{
    unsigned at = v >> MDIC_REGISTER & 31, op = v >> MDIC_OP & 3;
    uint32_t result = (v & ~(uint32_t)(MDIC_ERROR)) | MDIC_READY;
    if ((v >> MDIC_PHY & 31) != OUR_PHY || (op != MDIC_READ && op != MDIC_WRITE))
        result |= MDIC_ERROR;
    else if (op == MDIC_READ)
        result = (result & 0xffff0000) | phy_read(e, at);
    else
        phy_write(e, at, (uint16_t)v);
    if (v & MDIC_INTERRUPT)
        e1000_raise(e, C_MDAC);
    return result;
}
