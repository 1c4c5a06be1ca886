#!/bin/sh
# The init of the test guest.
/bin/busybox --install -s /bin
export PATH=/bin:/sbin HOME=/ LD_LIBRARY_PATH=/lib
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /tmp

option() { sed -n "s/.*lab\.$1=\([^ ]*\).*/\1/p" /proc/cmdline; }

while read -r module; do
    insmod "/modules/$module.ko"
done < /modules/order

# Ports and disks appear some time after the drivers are loaded.
port() {
    tries=0
    while [ $tries -lt 500 ]; do
        for one in /sys/class/virtio-ports/*; do
            if [ "$(cat "$one/name" 2>/dev/null)" = "$1" ]; then
                echo "/dev/${one##*/}"
                return
            fi
        done
        tries=$((tries + 1))
        usleep 10000
    done
    echo "lab: no port $1" > /dev/console
}

progress=$(port lab.progress)
command=$(port lab.command)
agent=$(port org.qemu.guest_agent.0)

disks=
for letter in a b c d; do
    [ -b "/dev/vd$letter" ] || continue
    mkdir -p "/mnt/$letter"
    if mount -t ext4 "/dev/vd$letter" "/mnt/$letter"; then
        disks="$disks $letter"
    else
        echo "lab: no file system on vd$letter" > /dev/console
    fi
done

option hook > /tmp/hook-delay
cat > /etc/hook <<'HOOK'
#!/bin/sh
delay=$(cat /tmp/hook-delay)
if [ "$1" = freeze ] && [ -n "$delay" ]; then sleep "$delay"; fi
if [ -e "/tmp/hook-fails-$1" ]; then exit 3; fi
exit 0
HOOK
cat > /sbin/lab-agent <<AGENT
#!/bin/sh
exec /sbin/qemu-ga -m virtio-serial -p $agent -t /run -f /run/qga.pid --fsfreeze-hook=/etc/hook > /tmp/agent.log 2>&1
AGENT
cat > /sbin/lab-writer <<'WRITER'
#!/bin/sh
# Record n is complete on the first disk before it begins on the second. So at any common point in time B <= A <= B + 1.
n=$(wc -l < /mnt/a/log 2>/dev/null || echo 0)
while :; do
    n=$((n + 1))
    for disk in "$@"; do
        printf 'rec %d\n' "$n" | dd of="/mnt/$disk/log" oflag=append conv=notrunc,fsync 2>/dev/null
        # This makes metadata that stays in the journal.
        mkdir -p "/mnt/$disk/churn"
        rm -f "/mnt/$disk/churn/f$((n - 20))"
        echo "$n" > "/mnt/$disk/churn/f$n"
    done
    echo "W $n"
done
WRITER
cat > /sbin/shutdown <<'SHUTDOWN'
#!/bin/sh
sync
case "$*" in *-r*) exec reboot -f ;; *) exec poweroff -f ;; esac
SHUTDOWN
chmod +x /etc/hook /sbin/lab-agent /sbin/lab-writer /sbin/shutdown

[ "$(option agent)" = 0 ] || /sbin/lab-agent &
echo READY > "$progress"
[ "$(option writer)" = 0 ] || [ -z "$disks" ] || /sbin/lab-writer $disks > "$progress" &

while :; do
    exec 3<> "$command"
    while read -r line <&3; do
        sh -c "$line" > /tmp/out 2>&1 < /dev/null
        code=$?
        cat /tmp/out >&3
        echo "== $code" >&3
    done
    exec 3>&-
    usleep 100000
done
