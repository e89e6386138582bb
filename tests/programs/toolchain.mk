# Lua from its sources: gcc runs cc1, as, collect2 and ld; ar and ranlib; the result runs a script.
OBJS = lapi lcode lctype ldebug ldo ldump lfunc lgc llex lmem lobject lopcodes lparser lstate lstring ltable \
       ltm lundump lvm lzio lauxlib lbaselib lcorolib ldblib liolib lmathlib loadlib loslib lstrlib ltablib lutf8lib linit
CFLAGS = $(LEVEL) -std=gnu99 -DLUA_USE_LINUX
all: lua
%.o: src/%.c
	$(CC) $(CFLAGS) -c -o $@ $<
liblua.a: $(OBJS:=.o)
	$(AR) rcsD $@ $^
lua: lua.o liblua.a
	$(CC) -o $@ lua.o liblua.a -lm -ldl
.PHONY: all
.SECONDARY:
