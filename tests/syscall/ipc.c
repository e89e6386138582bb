/* System V IPC with its structures, POSIX message queues. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include "check.h"

union semun { int val; struct semid_ds *buf; unsigned short *array; };

int main(void)
{
    struct semid_ds sd;
    struct msqid_ds md;
    struct shmid_ds shd;
    unsigned short vals[3] = {4, 5, 6}, got[3];
    struct sembuf op = {.sem_num = 1, .sem_op = -5};
    struct { long type; char text[16]; } m = {7, "message"};
    struct timespec ts = {.tv_nsec = 10000000};
    struct mq_attr attr = {.mq_maxmsg = 3, .mq_msgsize = 32};
    unsigned prio;
    char buf[64], name[32];
    char *shm, *shm2;
    int id, status;
    mqd_t q;
    time_t now = time(NULL);
    pid_t pid;

    id = semget(IPC_PRIVATE, 3, 0600);
    CHECK(id >= 0);
    CHECK_EQ(semctl(id, 0, SETALL, (union semun){.array = vals}), 0);
    CHECK_EQ(semctl(id, 0, GETALL, (union semun){.array = got}), 0);
    CHECK_EQ(got[2], 6);
    CHECK_EQ(semctl(id, 2, SETVAL, (union semun){.val = 9}), 0);
    CHECK_EQ(semctl(id, 2, GETVAL), 9);
    CHECK_EQ(semop(id, &op, 1), 0);
    CHECK_EQ(semtimedop(id, &op, 1, &ts), -1);
    CHECK_EQ(errno, EAGAIN);
    memset(&sd, 0xee, sizeof sd);
    CHECK_EQ(semctl(id, 0, IPC_STAT, (union semun){.buf = &sd}), 0);
    CHECK_EQ(sd.sem_nsems, 3);
    CHECK(sd.sem_otime >= now && sd.sem_otime <= now + 5);
    CHECK(sd.sem_ctime >= now && sd.sem_ctime <= now + 5);
    CHECK_EQ(sd.sem_perm.mode & 0777, 0600);
    sd.sem_perm.mode = 0640;
    CHECK_EQ(semctl(id, 0, IPC_SET, (union semun){.buf = &sd}), 0);
    CHECK_EQ(semctl(id, 0, IPC_STAT, (union semun){.buf = &sd}), 0);
    CHECK_EQ(sd.sem_perm.mode, 0640);
    CHECK_EQ(semctl(id, 0, IPC_RMID), 0);

    id = msgget(IPC_PRIVATE, 0600);
    CHECK_EQ(msgsnd(id, &m, sizeof m.text, 0), 0);
    CHECK_EQ(msgctl(id, IPC_STAT, &md), 0);
    CHECK_EQ(md.msg_qnum, 1);
    CHECK_EQ(md.msg_lspid, getpid());
    memset(&m, 0, sizeof m);
    CHECK_EQ(msgrcv(id, &m, sizeof m.text, 7, IPC_NOWAIT), sizeof m.text);
    CHECK(strcmp(m.text, "message") == 0);
    CHECK_EQ(msgrcv(id, &m, sizeof m.text, 7, IPC_NOWAIT), -1);
    CHECK_EQ(errno, ENOMSG);
    CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);

    id = shmget(IPC_PRIVATE, 10000, 0600);
    shm = shmat(id, NULL, 0);
    CHECK(shm != (void *)-1);
    shm2 = shmat(id, NULL, SHM_RDONLY);
    CHECK(shm2 != (void *)-1 && shm2 != shm);
    shm[9999] = 'z';
    CHECK_EQ(shm2[9999], 'z');
    pid = fork();
    if (pid == 0) {
        shm[0] = 'c';
        _exit(0);
    }
    waitpid(pid, &status, 0);
    CHECK_EQ(shm[0], 'c');
    CHECK_EQ(shmctl(id, IPC_STAT, &shd), 0);
    CHECK_EQ(shd.shm_nattch, 2);
    CHECK_EQ(shd.shm_segsz, 10000);
    CHECK_EQ(shmdt(shm2), 0);
    CHECK_EQ(shmdt(shm2), -1);
    CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
    CHECK_EQ(shmdt(shm), 0);

    snprintf(name, sizeof name, "/check-%d", getpid());
    q = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
    CHECK(q != (mqd_t)-1);
    CHECK_EQ(mq_send(q, "low", 3, 1), 0);
    CHECK_EQ(mq_send(q, "high", 4, 9), 0);
    CHECK_EQ(mq_getattr(q, &attr), 0);
    CHECK_EQ(attr.mq_curmsgs, 2);
    CHECK_EQ(attr.mq_msgsize, 32);
    CHECK_EQ(mq_receive(q, buf, sizeof buf, &prio), 4);
    CHECK_EQ(prio, 9);
    CHECK_EQ(mq_receive(q, buf, sizeof buf, &prio), 3);
    clock_gettime(CLOCK_REALTIME, &ts);
    CHECK_EQ(mq_timedreceive(q, buf, sizeof buf, &prio, &ts), -1);
    CHECK_EQ(errno, ETIMEDOUT);
    CHECK_EQ(mq_unlink(name), 0);
    return check_done();
}
