/*
 * The virt board's small devices from the inside: a bare-metal program that prints "NAME: ok", or what it found instead.
 * Expected values: PL031 (Arm DDI 0224), PL061 (DDI 0190), JESD68 and Intel's command set, QEMU's specs/fw_cfg.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned u32;
typedef unsigned long u64;

#define R8(a) (*(volatile u8 *)(u64)(a))
#define R16(a) (*(volatile u16 *)(u64)(a))
#define R32(a) (*(volatile u32 *)(u64)(a))
#define R64(a) (*(volatile u64 *)(u64)(a))
enum { UART = 0x09000000, RTC = 0x09010000, FW = 0x09020000, GPIO = 0x09030000, FLASH = 0x04000000 /* the second bank */ };

static void text(const char *s)
{
    while (*s) {
        while (R32(UART + 0x18) & 1 << 5)
            ;
        R32(UART) = (u8)*s++;
    }
}
static void hex(u64 v)
{
    char s[20] = "0x";
    for (int k = 0; k < 16; k++)
        s[2 + k] = "0123456789abcdef"[v >> (60 - 4 * k) & 15];
    s[18] = 0;
    text(s);
}
static void is(const char *name, u64 got, u64 wanted)
{
    text(name);
    if (got != wanted) {
        text(": got ");
        hex(got);
        text(", wanted ");
        hex(wanted);
        text("\r\n");
    } else {
        text(": ok\r\n");
    }
}

static void rtc(void)
{
    is("rtc id", R32(RTC + 0xfe0) | R32(RTC + 0xfe4) << 8 | R32(RTC + 0xfe8) << 16, 0x041031);
    is("rtc cell", R32(RTC + 0xff0) | R32(RTC + 0xff4) << 8 | R32(RTC + 0xff8) << 16 | R32(RTC + 0xffc) << 24, 0xb105f00d);
    text("rtc now ");
    hex(R32(RTC));
    text("\r\n");
    is("rtc enabled", R32(RTC + 0xc), 1);
    R32(RTC + 8) = 1000;
    u32 now = R32(RTC);
    is("rtc set", now == 1000 || now == 1001, 1);
    is("rtc load", R32(RTC + 8), 1000);
    R32(RTC + 4) = R32(RTC) + 1;
    R32(RTC + 0x10) = 1;
    is("rtc quiet", R32(RTC + 0x14), 0);
    while (R32(RTC) < R32(RTC + 4))
        ;
    for (int k = 0; k < 1000000 && !R32(RTC + 0x14); k++)
        ;
    is("rtc alarm", R32(RTC + 0x14) | R32(RTC + 0x18) << 1, 3);
    R32(RTC + 0x1c) = 1;
    is("rtc cleared", R32(RTC + 0x14), 0);
}

static void gpio(void)
{
    is("gpio id", R32(GPIO + 0xfe0) | R32(GPIO + 0xfe4) << 8 | R32(GPIO + 0xfe8) << 16, 0x041061);
    R32(GPIO + 0x400) = 0xf0;
    R32(GPIO + (0xff << 2)) = 0xff;
    is("gpio outputs", R32(GPIO + (0xff << 2)), 0xf0);
    R32(GPIO + (0x30 << 2)) = 0;
    is("gpio masked write", R32(GPIO + (0xff << 2)), 0xc0);
    is("gpio masked read", R32(GPIO + (0x40 << 2)), 0x40);
    R32(GPIO + 0x404) = 0; /* edges */
    R32(GPIO + 0x408) = 0x10; /* both, of line 4 */
    R32(GPIO + 0x40c) = 0x20; /* line 5 rising */
    R32(GPIO + 0x41c) = 0xff;
    R32(GPIO + (0x30 << 2)) = 0x30;
    is("gpio rising", R32(GPIO + 0x414) & 0x30, 0x30);
    is("gpio not enabled", R32(GPIO + 0x418), 0);
    R32(GPIO + 0x410) = 0x10;
    is("gpio enabled", R32(GPIO + 0x418), 0x10);
    R32(GPIO + 0x41c) = 0x30;
    R32(GPIO + (0x30 << 2)) = 0;
    is("gpio falling", R32(GPIO + 0x414) & 0x30, 0x10);
    R32(GPIO + 0x404) = 0x40; /* level, of line 6, which is up: IEV 0 is low */
    is("gpio low level", R32(GPIO + 0x414) & 0x40, 0);
    R32(GPIO + 0x40c) = 0x40;
    is("gpio high level", R32(GPIO + 0x414) & 0x40, 0x40);
    text("press\r\n");
    R32(GPIO + 0x400) = 0;
    while (!(R32(GPIO + (8 << 2))))
        ;
    while (R32(GPIO + (8 << 2)))
        ;
    text("power key: ok\r\n");
}

static void flash(void)
{
    R32(FLASH) = 0x00ff00ff;
    is("flash as it was", R32(FLASH), 0x44434241);
    R32(FLASH + 0x55 * 4) = 0x00980098;
    is("flash query", R32(FLASH + 0x10 * 4), 0x00510051);
    is("flash query R", R8(FLASH + 0x11 * 4), 'R');
    is("flash command set", R32(FLASH + 0x13 * 4), 0x00010001);
    is("flash size", R32(FLASH + 0x27 * 4), 0x00190019); /* 2^25 bytes a chip */
    is("flash blocks", (R8(FLASH + 0x2d * 4) | R8(FLASH + 0x2e * 4) << 8) + 1, 256);
    is("flash block", (R8(FLASH + 0x2f * 4) | R8(FLASH + 0x30 * 4) << 8) * 256, 128 << 10);
    R32(FLASH) = 0x00900090;
    is("flash maker", R32(FLASH), 0x00890089);
    R32(FLASH) = 0x00200020;
    R32(FLASH) = 0x00d000d0;
    is("flash erased status", R32(FLASH), 0x00800080);
    R32(FLASH) = 0x00ff00ff;
    is("flash erased", R64(FLASH + 0x3fff8), ~0ul);
    is("flash next block", R32(FLASH + 0x40000), 0x48474645);
    R32(FLASH + 8) = 0x00400040;
    R32(FLASH + 8) = 0x12345678;
    is("flash programmed status", R32(FLASH + 8) & 0x00ff00ff, 0x00800080);
    R32(FLASH) = 0x00ff00ff;
    is("flash programmed", R32(FLASH + 8), 0x12345678);
    R32(FLASH + 8) = 0x00400040;
    R32(FLASH + 8) = 0xff00ff00;
    R32(FLASH) = 0x00ff00ff;
    is("flash bits only go", R32(FLASH + 8), 0x12005600);
    R32(FLASH + 0x100) = 0x00e800e8;
    is("flash buffer ready", R32(FLASH + 0x100), 0x00800080);
    R32(FLASH + 0x100) = 0x00030003;
    for (int k = 0; k < 4; k++)
        R32(FLASH + 0x100 + 4 * k) = 0x01010101 * (k + 1);
    R32(FLASH + 0x100) = 0x00d000d0;
    is("flash buffer status", R32(FLASH + 0x100), 0x00800080);
    R32(FLASH) = 0x00ff00ff;
    is("flash buffer", R64(FLASH + 0x108), 0x0404040403030303);
    R32(FLASH) = 0x00200020; /* an erase that is not confirmed */
    R32(FLASH) = 0x00ff00ff;
    R32(FLASH) = 0x00700070;
    is("flash sequence error", R32(FLASH), 0x00b000b0);
    R32(FLASH) = 0x00500050;
    R32(FLASH) = 0x00700070;
    is("flash status cleared", R32(FLASH), 0x00800080);
    R32(FLASH) = 0x00ff00ff;
}

static u32 be32(u32 v) { return __builtin_bswap32(v); }
static void choose(u16 key) { R16(FW + 8) = __builtin_bswap16(key); }

static struct { u32 control, n; u64 at; } request __attribute__((aligned(16)));
static u8 buffer[64] __attribute__((aligned(16)));

static u32 dma(u32 control, u32 n)
{
    request.control = be32(control);
    request.n = be32(n);
    request.at = __builtin_bswap64((u64)buffer);
    __asm__ volatile("dsb sy" ::: "memory");
    R64(FW + 16) = __builtin_bswap64((u64)&request);
    __asm__ volatile("dsb sy" ::: "memory");
    return be32(*(volatile u32 *)&request.control);
}

static void fw_cfg(void)
{
    u16 key = 0;
    choose(0);
    is("fw signature", R32(FW), 0x554d4551); /* "QEMU" */
    is("fw end", R32(FW), 0);
    choose(1);
    is("fw id", R32(FW), 3);
    choose(5);
    is("fw cpus", R16(FW), 1);
    is("fw dma signature", R64(FW + 16), 0x47464320554d4551);
    choose(0x19);
    u32 files = be32(R32(FW));
    for (u32 k = 0; k < files; k++) {
        u32 size = be32(R32(FW));
        u16 select = __builtin_bswap16(R16(FW));
        char name[56];
        R16(FW);
        for (int i = 0; i < 56; i++)
            name[i] = (char)R8(FW);
        text("fw file ");
        text(name);
        text(" ");
        hex(size);
        text("\r\n");
        if (name[0] == 'o' && name[1] == 'p' && name[2] == 't')
            key = select;
    }
    is("fw dma", dma(8 | 2 | (u32)key << 16, 8), 0);
    is("fw dma data", *(volatile u64 *)buffer, 0x0000000000434241); /* the file of the command line is "ABC", zeros behind it */
    is("fw dma select", dma(8 | (u32)key << 16, 0), 0);
    is("fw dma skip", dma(4, 1), 0);
    is("fw after skip", R8(FW), 'B');
    is("fw no writes", dma(16, 1), 1);
    is("fw nonsense", dma(2, 0xffffffff), 1);
    choose(0x7fff);
    is("fw no such key", R32(FW), 0);
}

__attribute__((used)) static void body(void)
{
    rtc();
    fw_cfg();
    flash();
    gpio();
    text("end\r\n");
    register u64 x0 __asm__("x0") = 0x84000008;
    __asm__ volatile("hvc #0" : "+r"(x0));
}

__asm__(".globl _start\n_start: ldr x0, =0x41000000\nmov sp, x0\nbl body\nb .\n");
